"""Random templates with Jinja2's answers, in the form of the corpus, for finding differences by chance.

    python3 fuzz.py SEED COUNT OUTPUT      then: SLUICE_JINJA_FUZZ=OUTPUT vitest run libs/templates/src/corpus.spec.ts
"""

import json
import random
import resource
import signal
import sys

import warnings

import cases
import generate
from generate import run

SECONDS = 0.5
BYTES = 3 << 30
LAZY = ("map", "select", "reject", "selectattr", "rejectattr", "batch", "slice", "unique", "items")

NAMES = ["s", "u", "emoji", "multi", "html", "n", "neg", "f", "t", "no", "none", "xs", "words", "mixed", "nested", "d", "users",
         "tree", "lst", "obj", "num_text", "missing", "big"]
LITERALS = ["0", "1", "2", "3", "-1", "7", "10", "0.5", "2.0", "-1.5", "1e3", "''", "'a'", "'b c'", "'Hello'", "'<i>'", "'é'",
            "'42'", "'3.7'", "true", "false", "none", "[]", "{}", "[1, 2, 3]", "['b', 'A', 'c']", "{'a': 1}", "(1, 2)", "()",
            "range(4)", "[[1, 2], [3, 4]]", "{'k': [1], 2: 'x'}", "'a-b-c'", "'x=1;y=2'", "' pad '"]
BINARY = ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", ">", "<=", ">=", "and", "or", "in", "not in"]
FILTERS = {
    "abs": 0, "batch": 2, "capitalize": 0, "center": 1, "count": 0, "d": 2, "default": 1, "dictsort": 2, "e": 0, "escape": 0,
    "filesizeformat": 1, "first": 0, "float": 1, "forceescape": 0, "groupby": 1, "indent": 3, "int": 2, "join": 2, "last": 0,
    "length": 0, "list": 0, "lower": 0, "items": 0, "max": 1, "min": 1, "reject": 1, "replace": 3, "reverse": 0, "round": 2,
    "safe": 0, "select": 1, "slice": 2, "sort": 3, "string": 0, "striptags": 0, "sum": 2, "title": 0, "trim": 1, "truncate": 4,
    "unique": 1, "upper": 0, "urlencode": 0, "wordcount": 0, "wordwrap": 2, "xmlattr": 0, "tojson": 1, "map": 1, "format": 2,
    "regex_search": 1, "regex_replace": 2, "regex_findall": 1,
}
REQUIRED = {"batch": 1, "slice": 1, "replace": 2, "groupby": 1, "regex_search": 1, "regex_replace": 2, "regex_findall": 1, "map": 1}
ARGS = ["1", "2", "3", "5", "0", "-1", "4", "true", "'a'", "' '", "'-'", "true", "false", "none", "'name'", "'age'", "2.5", "''", "'b'", "n", "s", "xs"]
TESTS = ["odd", "even", "defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping", "sequence",
         "iterable", "lower", "upper", "true", "false", "divisibleby(2)", "eq(1)", "in([1, 'a'])", "gt(1)", "sameas(none)"]
METHODS = ["upper()", "lower()", "title()", "strip()", "split()", "split(',')", "split('-', 1)", "rsplit('-', 1)", "splitlines()",
           "startswith('a')", "endswith('d')", "find('o')", "count('l')", "replace('a', 'b')", "keys()|list", "values()|list",
           "items()|list", "get('a')", "get('a', 5)", "isdigit()", "isalpha()", "isupper()", "islower()", "istitle()", "zfill(5)",
           "center(9)", "ljust(4)", "rjust(4)", "partition('-')", "swapcase()", "capitalize()", "index(1)", "casefold()",
           "format(1, 2)", "join(['a', 'b'])", "isalnum()", "isspace()", "rfind('l')", "expandtabs()", "removeprefix('he')"]
PATTERNS = ["'a'", "'\\\\w+'", "'[a-z]+'", "'(l+)o'", "'x*'", "'\\\\s'", "'.'", "'(a|b)*c?'", "'^\\\\w'", "'o$'", "'(?i)H'", "'\\\\d{1,2}'"]


def eager(filter):
    """Jinja's lazy filters give generators, ours lists: compared as lists, because chance would find little else."""

    def run_eagerly(*args, **kwargs):
        return list(filter(*args, **kwargs))

    for name in vars(filter):
        setattr(run_eagerly, name, getattr(filter, name))
    return run_eagerly


def eager_environment(make):
    def environment(strict):
        env = make(strict)
        for name in LAZY:
            env.filters[name] = eager(env.filters[name])
        reverse = env.filters["reverse"]
        env.filters["reverse"] = lambda value: value[::-1] if isinstance(value, str) else list(reverse(value))
        return env

    return environment


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def expr(self, depth):
        r = self.r
        if depth <= 0 or r.random() < 0.15:
            return r.choice(NAMES) if r.random() < 0.6 else r.choice(LITERALS)
        kind = r.randrange(12)
        if kind <= 1:
            return f"({self.expr(depth - 1)} {r.choice(BINARY)} {self.expr(depth - 1)})"
        if kind <= 5:
            return f"{self.expr(depth - 1)}|{self.filter(depth)}"
        if kind == 6:
            return f"({self.expr(depth - 1)} is {r.choice(['', 'not '])}{r.choice(TESTS)})"
        if kind == 7:
            return f"({self.expr(depth - 1)}).{r.choice(METHODS)}"
        if kind == 8:
            key = r.choice(["[0]", "[-1]", "['a']", ".a", ".name", "[1:]", "[::-1]", "[:2]", "[-2:]", "[1:5:2]", ".k", "[n]", ".0"])
            return f"({self.expr(depth - 1)}){key}"
        if kind == 9:
            return f"({self.expr(depth - 1)} if {self.expr(depth - 1)} else {self.expr(depth - 1)})"
        if kind == 10:
            items = ", ".join(self.expr(depth - 2) for _ in range(r.randrange(4)))
            return r.choice([f"[{items}]", f"({items},)" if items else "()", "{'a': " + self.expr(depth - 2) + "}"])
        return f"({r.choice(['-', '+', 'not '])}{self.expr(depth - 1)})"

    def filter(self, depth):
        r = self.r
        name = r.choice(list(FILTERS))
        count = r.randrange(REQUIRED.get(name, 0), FILTERS[name] + 1)
        args = [r.choice(ARGS) if r.random() < 0.85 else self.expr(depth - 2) for _ in range(count)]
        if name == "map":
            args = [r.choice(["'upper'", "'string'", "attribute='name'", "attribute='age'", "'int'", "'e'", "attribute=0", "'first'"])]
        if name in ("select", "reject") and args:
            args = [r.choice(["'odd'", "'string'", "'defined'", "'gt', 1", "'none'", "'in', xs"])]
        if name.startswith("regex"):
            args[0] = r.choice(PATTERNS)
            if len(args) > 1:
                args[1] = r.choice(["'-'", "''", "'<\\\\g<0>>'", "'x'"])
        if name == "format":
            args = [self.expr(0) for _ in range(r.randrange(3))]
        return f"{name}({', '.join(args)})" if args else name

    def statement(self, depth):
        r = self.r
        kind = r.randrange(9)
        body = self.body(depth - 1) if depth > 0 else "{{ " + self.expr(2) + " }}"
        space = r.choice(["", "", "-"])
        if kind == 0:
            return f"{{%{space} if {self.expr(2)} {space}%}}{body}{{% elif {self.expr(1)} %}}e{{%{space} else %}}{body}{{% endif %}}"
        if kind == 1:
            return f"{{% for x in {self.expr(2)} %}}{{{{ x }}}}{{{{ loop.index }}}}{body}{{% else %}}none{{% endfor %}}"
        if kind == 2:
            return f"{{% for x in {self.expr(1)} if {self.expr(1)} %}}{{{{ x }}}}{{{{ loop.last }}}}{{% endfor %}}"
        if kind == 3:
            return f"{{% set {r.choice('abxn')} = {self.expr(3)} %}}"
        if kind == 4:
            return f"{{% set {r.choice('abxn')} %}}{body}{{% endset %}}"
        if kind == 5:
            return f"{{% macro m{r.randrange(2)}(a, b={self.expr(1)}) %}}[{{{{ a }}}}{{{{ b }}}}]{body}{{% endmacro %}}"
        if kind == 6:
            return f"{{{{ m{r.randrange(2)}({self.expr(1)}) }}}}"
        if kind == 7:
            return f"{{% filter {r.choice(['upper', 'trim', 'title', 'e', 'indent(2)'])} %}}{body}{{% endfilter %}}"
        return f"{{% with a = {self.expr(2)} %}}{body}{{{{ a }}}}{{% endwith %}}"

    def body(self, depth):
        r = self.r
        parts = []
        for _ in range(r.randrange(1, 4)):
            pick = r.random()
            if pick < 0.3:
                parts.append(r.choice(["text", " ", "\n", "a b\n", "<p>"]))
            elif pick < 0.65:
                parts.append("{{ " + r.choice(["a", "b", "x", "n"]) + " }}" if r.random() < 0.4 else "{{ " + self.expr(2) + " }}")
            else:
                parts.append(self.statement(depth))
        return "".join(parts)


class TooLong(BaseException):
    """Not an Exception, which Jinja and the corpus would take for an answer."""


def answered(template):
    """What Jinja gives, or None for a template that Python itself takes too long or too much memory for."""

    def stop(*_):
        raise TooLong

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        return run({"group": "fuzz", "template": template, "context": "data"})
    except (TooLong, MemoryError):
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main():
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    seed, count, output = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    maker = Maker(seed)
    warnings.simplefilter("ignore")
    generate.environment = eager_environment(generate.environment)
    templates = (maker.body(2) if i % 2 else "{{ " + maker.expr(4) + " }}" for i in range(count))
    results = [found for t in templates if len(t) < 2000 and (found := answered(t)) and len(str(found)) < 100_000]
    with open(output, "w") as file:
        json.dump({"jinja2": "fuzz", "contexts": cases.CONTEXTS, "cases": results}, file)


if __name__ == "__main__":
    main()
