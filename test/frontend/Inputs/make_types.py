"""An HDF5 file with every type, storage and shape that the helper reads."""
import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1], "w") as root:
    numbers = root.create_group("numbers")
    for code in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
        for order in "<>":
            values = np.array([[0, 1, 2], [100, 5, 127]]).astype(code)
            numbers[code + ("le" if order == "<" else "be")] = \
                values.astype(values.dtype.newbyteorder(order))
    numbers["negative"] = np.array([-1, -2**31, -2**63], "i8")
    numbers["scalar"] = np.float64(0.1)
    numbers["bool"] = np.array([True, False])
    numbers["none"] = np.zeros((0, 3), "f4")
    data = np.arange(600, dtype="f4").reshape(20, 30)
    for name, options in {"gzip": {"compression": "gzip"},
                          "shuffle": {"compression": "gzip", "shuffle": True},
                          "fletcher": {"fletcher32": True, "chunks": (7, 7)}
                          }.items():
        root.create_dataset("packed/" + name, data=data, **options)
    root.create_dataset("unwritten", shape=(4, 4), dtype="i4", chunks=(2, 2),
                        fillvalue=7)
    root["text/fixed"] = np.array([b"dense", b"a", b""], dtype="S10")
    root.create_dataset("text/variable", data=["LIF", "na\u00efve", ""],
                        dtype=h5py.string_dtype())
    root.create_dataset("text/scalar", data="0.2.1", dtype=h5py.string_dtype())
