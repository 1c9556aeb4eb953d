"""Bundles panels.jsx with Grafana's panels, which npm brings."""

import shutil
import subprocess
from pathlib import Path

from tools.generate import ROOT

HERE = Path(__file__).parent
WORK = ROOT / "build/pictures"
#: Their ESM builds do not bundle.
ALIASES = ("data", "runtime", "schema", "ui")
EMBEDDED = (".svg", ".ttf", ".woff2")


def public() -> Path:
    """The folder of Grafana's icons."""
    return WORK / "node_modules/@grafana/ui/dist/public"


def bundle() -> Path:
    """Install what package.json names, where that has not been done; return the folder of the bundle."""
    WORK.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package.json").read_text("utf-8")
    done = WORK / "installed.json"
    if not done.exists() or done.read_text("utf-8") != wanted:
        shutil.copy(HERE / "package.json", WORK)
        npm = shutil.which("npm") or "npm"
        quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        subprocess.run([npm, "install", "--ignore-scripts", "--legacy-peer-deps", *quiet], cwd=WORK, check=True)
        done.write_text(wanted, "utf-8")
    shutil.copy(HERE / "panels.jsx", WORK)
    (esbuild,) = (WORK / "node_modules/@esbuild").glob("*/bin/esbuild")
    aliases = [f"--alias:@grafana/{each}={WORK}/node_modules/@grafana/{each}/dist/cjs/index.cjs" for each in ALIASES]
    defined = ['--define:process.env.NODE_ENV="production"', "--define:global=window"]
    loaders = [f"--loader:{suffix}=dataurl" for suffix in EMBEDDED]
    options = ["--bundle", "--minify", "--jsx=automatic", "--log-level=error", "--outfile=bundle/panels.js"]
    subprocess.run([esbuild, "panels.jsx", *options, *defined, *loaders, *aliases], cwd=WORK, check=True)
    return WORK / "bundle"
