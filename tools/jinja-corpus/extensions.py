"""The filters and functions that libs/templates has and Jinja has not, as Python would do them."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import math
import re
import types

import jinja2
import markupsafe


def regex_search(value, pattern, group=0, ignorecase=False):
    match = re.search(pattern, str(value), re.I if ignorecase else 0)
    return match.group(group) if match else None


def regex_match(value, pattern, ignorecase=False):
    return re.match(pattern, str(value), re.I if ignorecase else 0) is not None


def regex_replace(value, pattern, replacement, count=0, ignorecase=False):
    return re.sub(pattern, replacement, str(value), count=count, flags=re.I if ignorecase else 0)


def regex_findall(value, pattern, group=0, ignorecase=False):
    return [m.group(group) or "" for m in re.finditer(pattern, str(value), re.I if ignorecase else 0)]


def to_datetime(value, format=None):
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, (int, float)):
        return dt.datetime.fromtimestamp(value, dt.timezone.utc)
    parsed = dt.datetime.fromisoformat(value) if format is None else dt.datetime.strptime(value, format)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.timezone.utc)


def digest(name):
    return lambda value: hashlib.new(name, str(value).encode()).hexdigest()


def hmac_hex(name):
    return lambda value, key: hmac.new(key.encode(), str(value).encode(), name).hexdigest()


FILTERS = {
    "regex_search": regex_search,
    "regex_match": regex_match,
    "regex_replace": regex_replace,
    "regex_findall": regex_findall,
    "to_datetime": to_datetime,
    "strftime": lambda value, format: to_datetime(value).strftime(format),
    "fromjson": json.loads,
    "b64encode": lambda value: base64.b64encode(str(value).encode()).decode(),
    "b64decode": lambda value: base64.b64decode(value, validate=True).decode(),
    **{name: digest(name) for name in ("md5", "sha1", "sha256", "sha512")},
    "hmac_sha1": hmac_hex("sha1"),
    "hmac_sha256": hmac_hex("sha256"),
}
GLOBALS = {"timedelta": dt.timedelta}


def to_json_value(value, max_safe):
    """How a native value leaves a template."""
    if value is None or isinstance(value, (bool, jinja2.Undefined)):
        return None if isinstance(value, jinja2.Undefined) else value
    if isinstance(value, (str, markupsafe.Markup)):
        return str(value)
    if isinstance(value, int):
        return value if abs(value) <= max_safe else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("not a JSON value")
        return value
    if isinstance(value, dict):
        return {json_key(key): to_json_value(item, max_safe) for key, item in value.items()}
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    iterable = (list, tuple, range, types.GeneratorType, type({}.keys()), type({}.values()), type({}.items()))
    if isinstance(value, iterable) or hasattr(value, "__next__"):
        return [to_json_value(item, max_safe) for item in value]
    raise TypeError(f"{type(value)} is not a JSON value")


def json_key(key):
    return next(iter(json.loads(json.dumps({key: 0}))))
