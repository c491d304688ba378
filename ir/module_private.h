/* module_private.h - what a module owns outside its arena. Private to ir. */
#ifndef SF_IR_MODULE_PRIVATE_H
#define SF_IR_MODULE_PRIVATE_H

#include "sf/module.h"

/* Freed with the module; newest first. */
struct sf_owned {
  void *memory;
  void (*free_memory)(void *);
  struct sf_owned *next;
};

#endif
