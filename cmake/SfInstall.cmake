# Filled by the install rules of the layers; package files follow.
