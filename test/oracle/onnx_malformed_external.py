"""Broken ONNX models, continued: data outside the model's file."""
from onnx_malformed_case import case, f32, simple
from onnx_writer import node, tensor


def external(location, offset="0", length="16", files=()):
    data = simple([node("Add", ["x", "w"], ["y"], name="add")],
                  [tensor("w", f32(4), external=[("location", location), ("offset", offset),
                                                 ("length", length)])])
    return {"m.onnx": data, "data": bytes(64), **dict(files)}


@case(r"path '/etc/passwd' is absolute \[file-path\]")
def external_absolute():
    return external("/etc/passwd")


@case(r"path '\.\./data' leaves the folder '.*' with '\.\.' \[file-path\]")
def external_above():
    return external("../data", files=[("../data", bytes(64))])


@case("path 'link' is a link that leaves the folder")
def external_link():
    return external("link", files=[("link", ("link", "/etc/passwd"))])


@case("path 'folder/data' is a link that leaves the folder")
def external_folder_link():
    return external("folder/data", files=[("folder", ("link", "..")), ("../data", bytes(64))])


@case("cannot read '.*/pipe': not a regular file")
def external_fifo():
    return external("pipe", files=[("pipe", ("fifo",))])


@case("cannot read '.*/none': No such file or directory")
def external_missing():
    return external("none")


@case("cannot read '.*/folder': Is a directory")
def external_directory():
    return external("folder", files=[("folder", ("folder",))])


@case("tensor 'w' lies at byte 60 of 'data' with 16 bytes; the file has 64")
def external_offset():
    return external("data", offset="60")


@case("tensor 'w' has the external offset '-4'; expected a number")
def external_negative():
    return external("data", offset="-4")


@case("tensor 'w' has the external length '18446744073709551615'; expected a number")
def external_length():
    return external("data", length="18446744073709551615")


@case("tensor 'w'.*expected 16 bytes, found 20")
def external_other_length():
    return external("data", length="20")


@case("ok")
def external_overlap():
    """Two tensors of the same bytes, and of some of them: a file may share what is equal."""
    tensors = [tensor(name, f32(4), external=[("location", "data"), ("offset", offset),
                                              ("length", "16")])
               for name, offset in (("v", "0"), ("w", "0"), ("u", "8"))]
    nodes = [node("Add", ["x", "v"], ["a"]), node("Add", ["a", "w"], ["b"]),
             node("Add", ["b", "u"], ["y"])]
    return {"m.onnx": simple(nodes, tensors), "data": bytes(64)}


@case("tensor 'u' lies at byte 56 of 'data' with 16 bytes; the file has 64")
def external_overlap_end():
    """The first lies in the file, the one that begins in it does not."""
    tensors = [tensor(name, f32(4), external=[("location", "data"), ("offset", offset),
                                              ("length", "16")])
               for name, offset in (("v", "48"), ("u", "56"))]
    nodes = [node("Add", ["x", "v"], ["a"]), node("Add", ["a", "u"], ["y"])]
    return {"m.onnx": simple(nodes, tensors), "data": bytes(64)}


@case("tensor 'w'.*expected 16 bytes, found 8")
def external_short():
    return external("data", length="8")


@case("tensor 'w' has the external offset '18446744073709551600'; expected a number")
def external_wraps():
    """Offset and length add up to 0."""
    return external("data", offset="18446744073709551600")


@case(r"tensor 'w' lies at byte 1000000 of 'm\.onnx' with 16 bytes; the file has \d+")
def external_itself():
    """The model is its own data: a file as any other."""
    return external("m.onnx", offset="1000000")


@case("tensor 'w' has external data without a location")
def external_nowhere():
    return simple([node("Add", ["x", "w"], ["y"])],
                  [tensor("w", f32(4), external=[("offset", "0")])])
