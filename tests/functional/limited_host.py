"""``python -m tests.functional.limited_host OPTIONS ...``: a host whose app has these scan options.

A small estate has several slices only if they are small, and a test cannot wait two minutes for a
subscription that does not answer.
"""

import json
import runpy
import sys
from dataclasses import replace

from cmk_check.composition_root import get_app

if __name__ == "__main__":
    app = get_app()
    app.scan_options = replace(app.scan_options, **json.loads(sys.argv.pop(1)))
    runpy.run_module("local.functions_host", run_name="__main__", alter_sys=True)
