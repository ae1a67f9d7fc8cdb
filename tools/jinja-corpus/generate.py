"""Writes the corpus that libs/templates is held against: templates, contexts, and what Python's Jinja2 makes of them.

    python3 generate.py [output]      (default: libs/templates/src/fixtures/jinja-corpus.json)

Needs the packages in requirements.txt. The answers are Jinja's own; only the filters that Jinja does not have
(extensions.py) are written here, with Python's re, hashlib and datetime.
"""

import inspect
import json
import pathlib
import sys

import jinja2
from jinja2.defaults import DEFAULT_FILTERS, DEFAULT_NAMESPACE, DEFAULT_TESTS
from jinja2.parser import _statement_keywords

import cases
from extensions import FILTERS, GLOBALS, to_json_value

DEFAULT = pathlib.Path(__file__).parents[2] / "libs/templates/src/fixtures/jinja-corpus.json"
MAX_SAFE = 2**53 - 1


def environment(strict):
    undefined = jinja2.StrictUndefined if strict else jinja2.ChainableUndefined
    env = jinja2.Environment(undefined=undefined)
    env.filters.update(FILTERS)
    env.globals.update(GLOBALS)
    return env


def error_kind(error):
    if isinstance(error, jinja2.TemplateSyntaxError):
        return "syntax"
    if isinstance(error, jinja2.UndefinedError):
        return "undefined"
    return "runtime"


def only_expression(env, source):
    """The expression of a template that is exactly one, as Jinja's own lexer sees it, or None."""
    try:
        tokens = [t for t in env.lex(source) if t[1] not in ("comment_begin", "comment", "comment_end")]
    except jinja2.TemplateSyntaxError:
        return None
    if len(tokens) < 3 or tokens[0][1] != "variable_begin" or tokens[-1][1] != "variable_end":
        return None
    if sum(1 for t in tokens if t[1] == "variable_begin") > 1:
        return None
    return "".join(t[2] for t in tokens[1:-1]).strip() or None


def run(case):
    env = environment(case.get("strict", False))
    context = cases.CONTEXTS[case["context"]]
    result = dict(case)
    try:
        text = env.from_string(case["template"]).render(json.loads(json.dumps(context)))
        if " at 0x" not in text and "jinja2." not in text:
            result["text"] = text
    except Exception as error:
        result["error"] = error_kind(error)
    expression = only_expression(env, case["template"])
    if expression is None:
        return result
    try:
        value = env.compile_expression(f"({expression})")(**json.loads(json.dumps(context)))
        result["value"] = to_json_value(value, MAX_SAFE)
    except Exception as error:
        result["valueError"] = error_kind(error)
    return result


def parameters_of(function):
    """Names of what a filter or test may be given besides its value, and how many of them have to be."""
    try:
        found = list(inspect.signature(function).parameters.values())
    except ValueError:
        return {"params": [], "required": 0}
    if found[0].name in ("environment", "env", "context", "eval_ctx"):
        found = found[1:]
    found = found[1:]
    if any(each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in found):
        return {"variadic": True}
    return {"params": [each.name for each in found], "required": sum(each.default is each.empty for each in found)}


def built_ins():
    """Everything that a template of Jinja2 finds without anybody giving it."""
    return {
        "filters": {name: parameters_of(DEFAULT_FILTERS[name]) for name in sorted(DEFAULT_FILTERS)},
        "tests": {name: parameters_of(DEFAULT_TESTS[name]) for name in sorted(DEFAULT_TESTS)},
        "globals": sorted(DEFAULT_NAMESPACE),
        "tags": sorted(_statement_keywords | {"call", "filter", "raw"}),
    }


def main():
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    results = [run(case) for case in cases.all_cases()]
    corpus = {"jinja2": jinja2.__version__, "contexts": cases.CONTEXTS, "cases": results}
    lines = ["{", f'"jinja2": {json.dumps(corpus["jinja2"])},', f'"builtIns": {json.dumps(built_ins())},', f'"contexts": {json.dumps(corpus["contexts"])},', '"cases": [']
    lines.append(",\n".join(json.dumps(result) for result in results))
    lines.append("]}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(lines) + "\n")
    print(f"{len(results)} templates, Jinja2 {jinja2.__version__}: {target}")


if __name__ == "__main__":
    main()
