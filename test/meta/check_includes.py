"""Who may include whom: the arrows of docs/design.md 2, and what CMake links.

usage: check_includes.py SOURCE_DIR

Tests may include anything and are not looked at.
"""
import os
import re
import sys

# Public headers by the layer that they belong to.
PUBLIC = {
    "base": {"base.h", "diag.h", "diag.def"},
    "vocabulary": {"types.h", "types.def", "counts.h"},
    "ir": {"blob.h", "ir.h", "module.h", "network.h", "neuron.h", "interp.h", "trace.h",
           "ops.def", "mapping.def"},
    "machine": {"machine.h"},
    "frontend": {"frontend.h"},
    "passes": {"pass.h", "facts.def"},
    "plugin": {"plugin.h"},
    "targets": {"target.h"},
}
IR = ["base", "vocabulary", "ir"]
PASSES = IR + ["machine", "passes"]
EVERYTHING = list(PUBLIC)
ABOVE_TOOLS = ["tools/samples", "support", "ir", "machine", "frontend", "passes", "targets", "lib"]
ALONE = (["support", "machine"], ["base", "vocabulary", "machine"])

# Folder: (folders whose private headers it may include, layers of public headers).
# Its own folder is always allowed. The longest matching folder counts.
ARROWS = {
    "support": ([], ["base"]),
    "ir": (["support"], IR),
    # Stands beside the IR, so that the simulator and the checker link without it.
    "machine": (["support"], ["base", "vocabulary", "machine"]),
    "frontend": (["support", "ir"], IR + ["frontend"]),
    "frontend/netx": (["support", "ir", "frontend"], IR + ["frontend"]),
    "frontend/onnx": (["support", "ir", "frontend"], IR + ["frontend"]),
    "passes": (["support", "ir", "machine"], PASSES + ["plugin"]),
    "codegen": (["support", "ir"], IR),
    # Targets see what passes publish, not how they work inside.
    "targets": (["support"], PASSES + ["targets"]),
    "targets/null": (["support", "ir", "machine"], PASSES + ["targets"]),
    "targets/loihi2": (["support", "ir", "machine"], PASSES + ["targets"]),
    "targets/cpu": (["support", "ir", "machine", "codegen"], PASSES + ["targets"]),
    # The regions are laid out as the PE's run-time reads them: one header, pe.h.
    "targets/spinnaker2": (["support", "ir", "machine", "codegen", "runtime/spinnaker2"],
                           PASSES + ["targets"]),
    # Puts the libraries together: knows the targets by name.
    "lib": (["support"], PASSES + ["targets"]),
    "tools/samples": (["support"], PASSES),
    "tools/sfc": (ABOVE_TOOLS, EVERYTHING),
    "tools/sf-opt": (ABOVE_TOOLS, EVERYTHING),
    # What checks shares no code with what it checks.
    "tools/sf-loihi2-sim": ALONE,
    "tools/sf-check": ALONE,
    "tools/sf-h5dump": (["support"], ["base"]),
    "tools/sf-h5pack": (["support"], []),
    "runtime": ([], []),
    "examples": ([], EVERYTHING),
}
# Libraries that only some may see.
EXTERNAL = {
    "llvm-c/": {"codegen", "targets/cpu", "targets/spinnaker2"},
    "hdf5.h": {"tools/sf-h5dump", "tools/sf-h5pack"},
    "H5": {"tools/sf-h5dump", "tools/sf-h5pack"},
}
# What CMake links into the programs that stand alone.
LINKED = {"sf-loihi2-sim": {"sf_support", "sf_machine"},
          "sf-check": {"sf_support", "sf_machine"},
          "sf-h5dump": {"sf_support"},
          "sf-h5pack": {"sf_support"}}


def rule_of(path):
    parts = path.split("/")[:-1]
    for n in range(len(parts), 0, -1):
        folder = "/".join(parts[:n])
        if folder in ARROWS:
            return folder
    return None


def inside(path, folder):
    return path.startswith(folder + "/")


def fault_of_private(path, included, folder):
    """Why `path` may not include the private header `included`, or None."""
    allowed, _ = ARROWS[folder]
    owner = rule_of(included)
    if owner == folder or inside(os.path.dirname(included) + "/x", os.path.dirname(path)):
        return None
    if any(owner == a or os.path.dirname(included) == a for a in allowed):
        return None
    return f"includes {included}; {folder} may include {', '.join(allowed) or 'nothing'}"


def fault_of(path, included, folder, root):
    _, layers = ARROWS[folder]
    if included.startswith("sf/"):
        name = included[3:]
        if not os.path.exists(os.path.join(root, "include", included)):
            return f"includes {included}, which does not exist"
        if any(name in PUBLIC[layer] for layer in layers):
            return None
        return f"includes {included}; {folder} may include the public {', '.join(layers)}"
    if not os.path.exists(os.path.join(root, included)):
        beside = os.path.normpath(os.path.join(os.path.dirname(path), included))
        if os.path.exists(os.path.join(root, beside)):
            included = beside
        else:
            return f"includes {included}, which does not exist"
    return fault_of_private(path, included, folder)


def public_fault(name, included):
    """A public header includes public headers of layers that its own may see."""
    layer = next((l for l, names in PUBLIC.items() if name in names), None)
    if layer is None:
        return "belongs to no layer of PUBLIC"
    if not included.startswith("sf/"):
        return f"includes {included}, which is not public"
    seen = {"base": ["base"], "vocabulary": ["base", "vocabulary"], "plugin": EVERYTHING,
            "targets": PASSES + ["targets"], "passes": PASSES, "ir": IR,
            "frontend": IR + ["frontend"],
            "machine": ["base", "vocabulary", "machine"]}[layer]
    if any(included[3:] in PUBLIC[l] for l in seen):
        return None
    return f"includes {included}; {layer} may include {', '.join(seen)}"


def external_fault(line, folder):
    match = re.match(r"#\s*include\s*<([^>]+)>", line)
    for prefix, folders in EXTERNAL.items():
        if match and match.group(1).startswith(prefix) and folder not in folders:
            return f"includes <{match.group(1)}>; only {', '.join(sorted(folders))} may"
    return None


def sources(root):
    tops = sorted({name.split("/")[0] for name in ARROWS} | {"include"})
    for top in tops:
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".c", ".h", ".def")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def check_file(root, path):
    folder = rule_of(path)
    public = path.startswith("include/sf/")
    with open(os.path.join(root, path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            fault = None
            if public and match:
                fault = public_fault(os.path.basename(path), match.group(1))
            elif not public and folder is None:
                fault = "stands in a folder without a rule"
            elif not public and match:
                fault = fault_of(path, match.group(1), folder, root)
            elif not public:
                fault = external_fault(line, folder)
            if fault:
                yield f"{path}:{number}: {fault}"
                if folder is None and not public:
                    return


def words_of(call, key):
    match = re.search(rf"\b{key}\b([^)]*)", call)
    words = match.group(1).split() if match else []
    keys = {"SOURCES", "DEPENDS", "LIBRARIES"}
    return set(words[:next((i for i, w in enumerate(words) if w in keys), len(words))])


def check_cmake(root):
    for folder in sorted(ARROWS):
        path = os.path.join(root, folder, "CMakeLists.txt")
        if not os.path.exists(path):
            continue
        text = re.sub(r"#.*", "", open(path).read())
        for name, call in re.findall(r"sf_layer\((\w+)([^)]*)", text):
            extra = words_of(call, "DEPENDS") - set(ARROWS[name][0])
            if name == "targets":
                extra -= {"passes", "ir", "machine"}
            if extra:
                yield f"{folder}/CMakeLists.txt: {name} depends on {', '.join(sorted(extra))}"
        for name, call in re.findall(r"sf_tool\(([\w-]+)([^)]*)", text):
            ours = {w for w in words_of(call, "LIBRARIES")
                    if w.startswith(("sf_", "spikeformer"))}
            if name in LINKED and ours - LINKED[name]:
                yield f"{folder}/CMakeLists.txt: {name} links {', '.join(sorted(ours))}"


def main():
    root = sys.argv[1]
    paths = list(sources(root))
    if len(paths) < 50:
        sys.exit(f"only {len(paths)} sources found in {root}")
    faults = [fault for path in paths for fault in check_file(root, path)]
    faults += check_cmake(root)
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


main()
