r"""One flat configuration: all that a run depends on, and where every number comes from.

`Config` has the fields, `MODELS` what a configuration has to know of each model, `make_config(preset, size)` combines
which losses with how large. The command line (`rwlib train --help`) shows the same fields with the same words.
"""

from rwlib.config.fields import Config
from rwlib.config.models import MODELS, Model, ModelName
from rwlib.config.presets import PRESETS, SIZES, Preset, Size, make_config

__all__ = ["MODELS", "PRESETS", "SIZES", "Config", "Model", "ModelName", "Preset", "Size", "make_config"]
