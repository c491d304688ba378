"""The wire format of Protocol Buffers, and ONNX tensors in it: own reader and writer."""
import struct

import numpy as np

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def write_varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def fields(data):
    """(number, wire type, value, bytes of the whole field) in file order."""
    at = 0
    while at < len(data):
        start = at
        key, at = read_varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = read_varint(data, at)
        elif kind == BYTES:
            size, at = read_varint(data, at)
            value = data[at:at + size]
            at += size
        else:
            size = {FIXED64: 8, FIXED32: 4}[kind]
            value = data[at:at + size]
            at += size
        if at > len(data):
            raise ValueError("truncated message")
        yield number, kind, value, data[start:at]


def field(number, payload):
    return write_varint(number << 3 | BYTES) + write_varint(len(payload)) + payload


def signed(value):
    return value - (1 << 64) if value >= 1 << 63 else value


def numbers(kind, value, packed):
    """A repeated number: one of a field, or all of a packed one, as `packed` reads it."""
    if kind == VARINT:
        return [signed(value)]
    if kind in (FIXED32, FIXED64):
        return list(np.frombuffer(value, packed))
    if packed is not None:
        return list(np.frombuffer(value, packed))
    out, at = [], 0
    while at < len(value):
        number, at = read_varint(value, at)
        out.append(signed(number))
    return out


# ---- TensorProto. ----

DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32,
          7: np.int64, 9: np.bool_, 10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64}
UINT16, BFLOAT16 = 4, 16
PACKED_BITS = {21: (4, False), 22: (4, True), 25: (2, False), 26: (2, True)}


class Unsupported(Exception):
    """A tensor that no stream and no constant of the compiler can be."""


def unpack_bits(raw, bits, is_signed, count):
    codes = np.frombuffer(raw, np.uint8)
    parts = [codes >> shift & ((1 << bits) - 1) for shift in range(0, 8, bits)]
    values = np.stack(parts, axis=1).reshape(-1)[:count].astype(np.int8)
    return np.where(values >= 1 << bits - 1, values - (1 << bits), values).astype(np.int8) \
        if is_signed else values


def from_bfloat16(codes):
    return (codes.astype(np.uint32) << 16).view(np.float32)


def to_bfloat16(values):
    """f32 values rounded to the nearest bfloat16, ties to even, as f32."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = bits + 0x7FFF + (bits >> 16 & 1)
    return np.where(np.isnan(values), values, (rounded & 0xFFFF0000).view(np.float32))


class Tensor:
    """`values` is a numpy array; `dtype` ONNX's number of the element type. `declared` is
    what the model says: old test data keep the bits of bfloat16 as uint16."""

    def __init__(self, data, declared=None):
        self.name, self.dtype, dims, raw, typed = "", 0, [], None, []
        for number, kind, value, _ in fields(data):
            if number == 1:
                dims += numbers(kind, value, None)
            elif number == 2:
                self.dtype = value
            elif number == 8:
                self.name = bytes(value).decode()
            elif number == 9:
                raw = value
            elif number in (4, 10):
                typed += numbers(kind, value, "<f4" if number == 4 else "<f8")
            elif number in (5, 7, 11):
                typed += numbers(kind, value, None)
            elif number == 14 and value:
                raise Unsupported("external data")
        if self.dtype == UINT16 and declared == BFLOAT16:
            self.dtype = BFLOAT16
        self.values = self.decode(raw, typed, int(np.prod(dims, dtype=np.int64)))
        self.values = self.values.reshape(dims)

    def decode(self, raw, typed, count):
        if self.dtype in PACKED_BITS:
            data = raw if raw is not None else bytes(v & 0xFF for v in typed)
            return unpack_bits(data, *PACKED_BITS[self.dtype], count)
        if self.dtype == BFLOAT16:
            codes = np.frombuffer(raw, "<u2") if raw is not None else np.array(typed, np.uint16)
            return from_bfloat16(codes)
        if self.dtype not in DTYPES:
            raise Unsupported("element type %d" % self.dtype)
        dtype = np.dtype(DTYPES[self.dtype])
        if raw is not None:
            return np.frombuffer(raw, dtype.newbyteorder("<")).astype(dtype)
        if self.dtype == 10:  # int32_data holds the bits
            return np.array(typed, np.uint16).view(np.float16)
        if self.dtype == 13:
            return np.array([v & (1 << 64) - 1 for v in typed], np.uint64)
        return np.array(typed, dtype)

    def as_stored(self, values):
        """f32 values of a stream as this tensor's type would hold them."""
        if self.dtype == BFLOAT16:
            return to_bfloat16(values)
        return values.astype(np.float16) if self.dtype == 10 else values


def rename_tensor(data, name, declared):
    """The same TensorProto under another name, of the type that the model declares."""
    out = bytearray()
    for number, _, value, part in fields(data):
        if number == 2 and value == UINT16 and declared == BFLOAT16:
            out += write_varint(2 << 3) + write_varint(BFLOAT16)
        elif number != 8:
            out += part
    return bytes(out) + field(8, name.encode())


# ---- ModelProto: only what binding inputs needs. ----

IR_VERSION, GRAPH = 1, 7
INITIALIZER, INPUT, OUTPUT = 5, 11, 12


def text(message, number):
    return next((bytes(v).decode() for n, _, v, _ in fields(message) if n == number), "")


class Model:
    def __init__(self, data):
        self.data = data
        parts = {number: value for number, _, value, _ in fields(data)}
        self.ir_version = parts.get(IR_VERSION, 0)
        graph = parts[GRAPH]
        known = {text(v, 8) for n, _, v, _ in fields(graph) if n == INITIALIZER}
        self.inputs = [text(v, 1) for n, _, v, _ in fields(graph) if n == INPUT]
        self.inputs = [name for name in self.inputs if name not in known]
        self.infos = {text(v, 1): v for n, _, v, _ in fields(graph) if n in (INPUT, OUTPUT)}
        self.outputs = [text(v, 1) for n, _, v, _ in fields(graph) if n == OUTPUT]

    def is_tensor(self, name):
        """Whether the type of input or output `name` is a tensor (TypeProto field 1)."""
        return any(n == 2 and any(k == 1 for k, _, _, _ in fields(v))
                   for n, _, v, _ in fields(self.infos[name]))

    def tensor_type(self, name):
        kind = next(v for n, _, v, _ in fields(self.infos[name]) if n == 2)
        return next(v for n, _, v, _ in fields(kind) if n == 1)

    def dtype(self, name):
        return next(v for n, _, v, _ in fields(self.tensor_type(name)) if n == 1)

    def shape(self, name):
        """Extents of input `name`; unknown ones are 1."""
        shape = next(v for n, _, v, _ in fields(self.tensor_type(name)) if n == 2)
        dims = [{n: v for n, _, v, _ in fields(d)} for k, _, d, _ in fields(shape) if k == 1]
        return [d.get(1, 1) for d in dims]

    def bound(self, constants):
        """The model with inputs as initializers: {name: TensorProto bytes}. Until IR 3 they
        stay inputs too, which that version asks for."""
        out = bytearray()
        for number, _, value, part in fields(self.data):
            if number != GRAPH:
                out += part
                continue
            kept = [p for n, _, v, p in fields(value)
                    if n != INPUT or self.ir_version < 4 or text(v, 1) not in constants]
            added = [field(INITIALIZER, rename_tensor(data, name, self.dtype(name)))
                     for name, data in constants.items()]
            out += field(GRAPH, b"".join(kept + added))
        return bytes(out)


def float_tensor(values):
    """TensorProto bytes of an f32 array."""
    dims = b"".join(write_varint(1 << 3) + write_varint(d) for d in values.shape)
    return dims + write_varint(2 << 3) + write_varint(1) + \
        field(9, struct.pack("<%df" % values.size, *values.reshape(-1)))
