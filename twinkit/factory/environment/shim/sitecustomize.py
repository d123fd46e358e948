"""Loaded by Python apps under test: `time.time`, `datetime.now` and their like follow the offset in the file `clock`.

Monotonic clocks and sleeping are left alone. Imports only the standard library.
"""

# mypy: ignore-errors
import ctypes
import datetime as _datetime
import gc
import os
import time as _time

_file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clock")  # noqa: PTH100, PTH118, PTH120
_real_time, _real_ns = _time.time, _time.time_ns


def _offset() -> float:
    try:
        with open(_file) as handle:  # noqa: PTH123
            return float(handle.read().strip().rstrip("s") or 0)
    except (OSError, ValueError):
        return 0.0


def _now() -> float:
    return _real_time() + _offset()


def _now_ns() -> int:
    return _real_ns() + int(_offset() * 1_000_000_000)


_utc = _datetime.timezone.utc  # noqa: UP017


def _datetime_now(cls, tz=None):
    return cls.fromtimestamp(_now(), tz)


def _datetime_utcnow(cls):
    return cls.fromtimestamp(_now(), _utc).replace(tzinfo=None)


def _today(cls):
    return cls.fromtimestamp(_now())


def _change(kind, **methods) -> None:
    """New class methods for a class of C: the class stays the same one, so that subclasses, metaclasses, pickles and
    C extensions never notice.
    """
    (table,) = [each for each in gc.get_referents(kind.__dict__) if isinstance(each, dict)]
    table.update({name: classmethod(function) for name, function in methods.items()})
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


_real_gmtime, _real_localtime = _time.gmtime, _time.localtime
_real_strftime, _real_asctime, _real_ctime = _time.strftime, _time.asctime, _time.ctime


def _gmtime(seconds=None):
    return _real_gmtime(_now() if seconds is None else seconds)


def _localtime(seconds=None):
    return _real_localtime(_now() if seconds is None else seconds)


def _strftime(form, moment=None):
    return _real_strftime(form, _localtime() if moment is None else moment)


def _asctime(moment=None):
    return _real_asctime(_localtime() if moment is None else moment)


def _ctime(seconds=None):
    return _real_ctime(_now() if seconds is None else seconds)


if os.path.exists(_file):  # noqa: PTH110
    _time.time, _time.time_ns, _time.gmtime, _time.localtime = _now, _now_ns, _gmtime, _localtime
    _time.strftime, _time.asctime, _time.ctime = _strftime, _asctime, _ctime
    _change(_datetime.datetime, now=_datetime_now, utcnow=_datetime_utcnow, today=_today)
    _change(_datetime.date, today=_today)
