"""Every public header compiles alone, as C11 and as C++17, without a warning.

usage: check_headers.py SOURCE_DIR C_COMPILER

The C++ compiler is the one that belongs to the C compiler. Plug-ins may be written
in either language, and with any flags, so the headers ask for nothing.
"""
import concurrent.futures
import glob
import os
import subprocess
import sys

WARNINGS = ["-pedantic", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-fsyntax-only"]


def cxx_of(compiler):
    folder, name = os.path.split(compiler)
    for c, cxx in (("clang", "clang++"), ("gcc", "g++")):
        if c in name:
            return os.path.join(folder, name.replace(c, cxx))
    return os.path.join(folder, "c++")


def check(job):
    header, command = job
    text = f'#include "{header}"\n#include "{header}"\nint main(void) {{ return 0; }}\n'
    done = subprocess.run(command + ["-"], input=text, capture_output=True, text=True)
    return done.returncode, f"{header}: {' '.join(command)}\n{done.stderr}"


def main():
    source, compiler = sys.argv[1:3]
    include = os.path.join(source, "include")
    headers = sorted(os.path.relpath(h, include) for h in glob.glob(f"{include}/sf/*.h"))
    flags = WARNINGS + [f"-I{include}"]
    languages = [[compiler, "-x", "c", "-std=c11"] + flags,
                 [compiler, "-x", "c", "-std=c17"] + flags,
                 [cxx_of(compiler), "-x", "c++", "-std=c++17"] + flags]
    jobs = [(header, language) for header in headers for language in languages]
    if not jobs:
        sys.exit("no header found")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        failed = [text for status, text in pool.map(check, jobs) if status]
    print("\n".join(failed), end="")
    sys.exit(bool(failed))


main()
