"""Go's text/template, with the functions that LogQL adds to it."""

from sigyn.languages.templates.errors import FunctionError, TemplateError
from sigyn.languages.templates.template import Field, Template, compile_template
from sigyn.languages.templates.values import Function, StringMap

__all__ = ["Field", "Function", "FunctionError", "StringMap", "Template", "TemplateError", "compile_template"]
