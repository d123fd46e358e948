"""Loaded by Python apps under test: `time.time` and `datetime.now` follow the offset in `clock` beside this file.

Monotonic clocks and sleeping are left alone. Imports only the standard library.
"""

# mypy: ignore-errors
import datetime as _datetime
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


class _Meta(type(_datetime.datetime)):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _RealDatetime)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _RealDatetime)


_RealDatetime = _datetime.datetime
_RealDate = _datetime.date


class _Datetime(_RealDatetime, metaclass=_Meta):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(_now(), tz)

    @classmethod
    def utcnow(cls):
        return cls.fromtimestamp(_now(), _datetime.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls):
        return cls.fromtimestamp(_now())


class _DateMeta(type(_datetime.date)):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _RealDate)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _RealDate)


class _Date(_RealDate, metaclass=_DateMeta):
    @classmethod
    def today(cls):
        return cls.fromtimestamp(_now())


_real_gmtime, _real_localtime, _real_strftime = _time.gmtime, _time.localtime, _time.strftime


def _gmtime(seconds=None):
    return _real_gmtime(_now() if seconds is None else seconds)


def _localtime(seconds=None):
    return _real_localtime(_now() if seconds is None else seconds)


if os.path.exists(_file):  # noqa: PTH110
    _time.time, _time.time_ns, _time.gmtime, _time.localtime = _now, _now_ns, _gmtime, _localtime
    _datetime.datetime, _datetime.date = _Datetime, _Date
