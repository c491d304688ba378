# Text tests: what a command prints for a piece of IR. Folders mirror the tree.
# Suites: a test in a folder `slow/` runs in CI but not in `check`; in `full/`
# only with scripts/test.sh --full (SF_SUITE = quick, slow or full).
import os
import lit.formats

config.name = "sf"
config.suffixes = [".sf", ".test"]
config.excludes = ["data", "unit", "oracle", "fuzz", "Inputs"]
suite = os.environ.get("SF_SUITE", "slow")
if suite == "quick":
    config.excludes += ["slow", "full"]
elif suite == "slow":
    config.excludes += ["full"]
config.test_format = lit.formats.ShTest(execute_external=False)
config.test_source_root = os.path.join(config.sf_source_dir, "test")
config.test_exec_root = os.path.join(config.sf_binary_dir, "test", "out")
bin_dir = os.path.join(config.sf_binary_dir, "bin")
config.environment["PATH"] = os.pathsep.join(
    [bin_dir, config.sf_llvm_bin_dir, os.environ["PATH"]])
for name in ["SF_SUITE", "SF_SEED", "ASAN_OPTIONS", "UBSAN_OPTIONS", "CI"]:
    if name in os.environ:
        config.environment[name] = os.environ[name]
# %exit CODE COMMAND: the command must end with that code.
for name, value in [
        ("%exit", f"{config.sf_python} {config.sf_source_dir}/test/exit_code.py"),
        ("%python", config.sf_python),
        ("%data", os.path.join(config.sf_source_dir, "test", "data")),
        ("%source", config.sf_source_dir),
        ("%build", config.sf_binary_dir),
        ("%shared", config.sf_shared_dir),
        ("%cc", config.sf_c_compiler)]:
    config.substitutions.append((name, value))
# Tests that need the large models say REQUIRES: shared.
if os.path.isdir(config.sf_shared_dir):
    config.available_features.add("shared")
# The backend tests of ONNX: package libonnx-testdata.
if os.path.isdir("/usr/share/libonnx-testdata/data"):
    config.available_features.add("onnx-testdata")
if not config.sf_sanitize:
    config.available_features.add("plain")
if config.sf_hostile == "ON":
    config.available_features.add("hostile")
