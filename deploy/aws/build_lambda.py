"""Build the zip of the AWS Lambda function, for each architecture.

    .venv/bin/python deploy/aws/build_lambda.py

writes `dist/passport-scorer-lambda-<architecture>.zip` and prints its size. Builds are
reproducible and independent of the build machine: dependencies are wheels for Lambda's Linux,
pinned by hash in requirements/lambda.lock. The handler is `passport_scorer.aws_lambda.handler`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[2]
LOCK = PROJECT / "requirements" / "lambda.lock"
# Lambda's name for an architecture -> the platform tag of wheels. Lambda's Linux has glibc 2.34.
ARCHITECTURES = {
    "arm64": "aarch64-manylinux_2_28",
    "x86_64": "x86_64-manylinux_2_28",
}
PYTHON = "3.13"  # as in the template
# Packages that the function does not use; their dependencies are not in the zip.
NOT_NEEDED = ("cli", "reporting", "server", "tools")
# Sources of compiled modules, and files for people and type checkers.
STRIPPED = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.h", "py.typed", "*.dist-info/RECORD")
STRIPPED_FOLDERS = ("__pycache__", "tests", "test", "bin", "*-stubs", "licenses", "includes")
LONGEST_UNPACKED = 250_000_000  # bytes; Lambda's limit, layers included
EPOCH = (1980, 1, 1, 0, 0, 0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build a zip for each architecture on the command line."""
    parser = argparse.ArgumentParser(description="Build the zip of the AWS Lambda function.")
    parser.add_argument("architectures", nargs="*", default=list(ARCHITECTURES), metavar="ARCH")
    parser.add_argument("--python", default=PYTHON, help=f"version of Lambda's Python: {PYTHON}")
    parser.add_argument("--output", type=Path, default=PROJECT / "dist", help="folder of the zips")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    for architecture in options.architectures:
        if architecture not in ARCHITECTURES:
            parser.error(f"{architecture}: expected one of {', '.join(ARCHITECTURES)}")
        target = options.output / f"passport-scorer-lambda-{architecture}.zip"
        unpacked = build(architecture, options.python, target)
        packed = target.stat().st_size
        print(f"{target}: {packed / 1e6:.1f} MB, {unpacked / 1e6:.1f} MB unpacked")


def build(architecture: str, python: str, target: Path) -> int:
    """Build the zip for one architecture and return the total size of its files in bytes.

    Raises:
        SystemExit: a dependency is not available for this architecture, or the files exceed
            Lambda's limit.
    """
    with tempfile.TemporaryDirectory(prefix="passport-scorer-lambda-") as folder:
        content = Path(folder) / "content"
        install_dependencies(ARCHITECTURES[architecture], python, content)
        install_service(Path(folder), content)
        strip(content)
        precompile(content, python)
        unpacked = sum(file.stat().st_size for file in content.rglob("*") if file.is_file())
        if unpacked > LONGEST_UNPACKED:
            sys.exit(f"{architecture}: {unpacked} bytes exceed Lambda's limit")
        pack(content, target)
    return unpacked


def install_dependencies(platform: str, python: str, content: Path) -> None:
    """Install wheels for Lambda's Linux into a folder, verified against their hashes."""
    uv = ["--python-platform", platform, "--python-version", python, "--target", str(content)]
    safe = ["--only-binary", ":all:", "--require-hashes", "--no-deps", "-r", str(LOCK)]
    run("uv", "pip", "install", "--quiet", *uv, *safe)


def install_service(folder: Path, content: Path) -> None:
    """Install the wheel of the service into a folder, without the parts that are not needed."""
    run("hatchling", "build", "-t", "wheel", "-d", str(folder / "wheel"))
    (wheel,) = (folder / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(content)
    for part in NOT_NEEDED:
        shutil.rmtree(content / "passport_scorer" / part)


def run(*command: str) -> None:
    """Run a module of this Python environment in the project's folder."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=PROJECT, check=False, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stderr.strip()}")


def strip(content: Path) -> None:
    """Remove files that are not needed at run time."""
    for pattern in STRIPPED_FOLDERS:
        for found in list(content.rglob(pattern)):
            if found.is_dir():
                shutil.rmtree(found)
    for pattern in STRIPPED:
        for found in list(content.rglob(pattern)):
            found.unlink()


def precompile(content: Path, python: str) -> None:
    """Compile all modules: Lambda's file system is read-only, so each cold start would compile."""
    found = subprocess.run(
        [sys.executable, "-m", "uv", "python", "find", "--no-python-downloads", python],
        check=False,
        capture_output=True,
        text=True,
    )
    if found.returncode:
        print(f"Python {python} not found: modules are not compiled, so cold starts will be slower")
        return
    how = ["-q", "-s", str(content), "--invalidation-mode", "unchecked-hash"]
    subprocess.run([found.stdout.strip(), "-I", "-m", "compileall", *how, str(content)], check=True)


def pack(content: Path, target: Path) -> None:
    """Zip a folder reproducibly."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(content.rglob("*")):
            if file.is_file():
                entry = zipfile.ZipInfo(str(file.relative_to(content)), EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, file.read_bytes())


if __name__ == "__main__":
    main()
