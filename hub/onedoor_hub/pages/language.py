"""The reader's language, and numbers and times as that language writes them."""

import datetime
import zoneinfo
from functools import lru_cache

from babel import Locale, dates, numbers
from flask import Flask, g, request
from flask_babel import Babel, get_locale

# Each in its own name, so that it is found by who cannot read the page's language.
LANGUAGES = {"en": "English", "lo": "ລາວ", "sw": "Kiswahili", "fr": "Français"}
HOUR_MS = 3_600_000
COOKIE = "onedoor_lang"
COOKIE_AGE_S = 365 * 24 * 3600


def choose_language() -> str:
    """``?lang=`` if it is one of ours, else the remembered choice, else the browser's, else en."""
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return wish
    return request.accept_languages.best_match(LANGUAGES) or "en"


def install(app: Flask) -> None:
    """Give an application its languages, formats and the cookie that remembers the choice."""
    Babel(app, locale_selector=choose_language)

    @app.after_request
    def _remember(response):
        wish = request.args.get("lang")
        if wish in LANGUAGES:
            response.set_cookie(
                COOKIE, wish, max_age=COOKIE_AGE_S, samesite="Lax", httponly=True,
                secure=request.is_secure,
            )  # fmt: skip
        if response.mimetype == "text/html":
            response.vary.update(("Accept-Language", "Cookie"))
        return response

    app.jinja_env.filters.update(
        number=number, percent=percent, points=points, plain_percent=plain_percent, between=between
    )
    app.context_processor(_for_templates)


def _for_templates() -> dict:
    locale = locale_now()
    return {
        "language": locale.language,
        "direction": locale.text_direction,
        "languages": LANGUAGES,
        "same_page_in": same_page_in,
    }


def locale_now() -> Locale:
    """The Babel locale of this request; English outside one."""
    return get_locale() or Locale("en")


def same_page_in(language: str) -> dict:
    """Query arguments of this page in another language."""
    return {**request.args.to_dict(), "lang": language}


def number(n: float) -> str:
    """A whole number with its thousands parted."""
    return _decimal(n, None, str(locale_now()))


def percent(share: float) -> str:
    """A share in 0..1 as a percentage with one decimal."""
    return _percent(share, "0.0", str(locale_now()))


def plain_percent(share: float) -> str:
    """A share in 0..1 as a percentage, with a decimal only where it is not whole."""
    return _percent(share, "0.#", str(locale_now()))


def points(value: float) -> str:
    """A figure of 0..100 points with one decimal."""
    return _decimal(value, "0.0", str(locale_now()))


# A card has a dozen numbers, most of them the same the next time: Babel is what took longest.
@lru_cache(maxsize=4096)
def _decimal(value: float, pattern: str | None, language: str) -> str:
    return numbers.format_decimal(value, pattern, locale=language)


@lru_cache(maxsize=4096)
def _percent(share: float, digits: str, language: str) -> str:
    # Only the digits change; where the sign stands is the language's own.
    pattern = Locale.parse(language).percent_formats[None].pattern.replace("#,##0", digits)
    return numbers.format_percent(share, pattern, locale=language)


def between(low: float, high: float) -> str:
    """Two shares in 0..1 as one range of percentages."""
    return f"{points(100 * low)}–{percent(high)}"


_LAST_MS = 253402128000_000  # 9999-12-30


class LocalTime:
    """Instants (ms since 1970 UTC) as the clocks of one centre show them."""

    def __init__(self, time_zone: str, now_ms: int):
        self._zone = zoneinfo.ZoneInfo(time_zone)
        self.now_ms = now_ms
        self.now = self.at(now_ms)
        self.today = self.now.toordinal()

    def at(self, utc_ms: int) -> datetime.datetime:
        """The local date and time."""
        # A clock set to the end of the calendar has no local time east of Greenwich.
        return datetime.datetime.fromtimestamp(min(utc_ms, _LAST_MS) / 1000, self._zone)

    def midnight_ms(self, days_ahead: int = 0) -> int:
        """The instant at which the local day began, or one so many days ahead will begin."""
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        # Added on the wall clock, so that a day of 23 or 25 hours ends where it ends.
        return round((midnight + datetime.timedelta(days=days_ahead)).timestamp() * 1000)

    def hours_of_today(self) -> range:
        """The whole hours since 1970 UTC that touch the local day."""
        return range(self.midnight_ms() // HOUR_MS, -(-self.midnight_ms(1) // HOUR_MS))

    def hour(self, hour: int) -> str:
        """The clock time at which an hour since 1970 UTC begins, as short as can be."""
        at, locale = self.at(hour * HOUR_MS), locale_now()
        halves = "a" in dates.get_time_format("short", locale=locale).pattern
        if at.minute:
            return dates.format_time(at, "short", locale=locale)
        return dates.format_time(at, "h a" if halves else "H:mm", locale=locale)

    def clock(self, utc_ms: int) -> str:
        """Hours and minutes."""
        return dates.format_time(self.at(utc_ms), "short", locale=locale_now())

    def moment(self, utc_ms: int) -> str:
        """The time if it was today, else date and time."""
        if self.at(utc_ms).toordinal() == self.today:
            return self.clock(utc_ms)
        return f"{self.day(self.at(utc_ms).toordinal())}, {self.clock(utc_ms)}"

    def day(self, ordinal: int) -> str:
        """A date in short, with its year where it is not this one's."""
        day = datetime.date.fromordinal(ordinal)
        skeleton = "MMMd" if day.year == self.now.year else "yMMMd"
        return dates.format_skeleton(skeleton, day, locale=locale_now())

    def date(self) -> str:
        """Today's date in full."""
        return dates.format_date(self.now.date(), "full", locale=locale_now())


def iso(utc_ms: int) -> str:
    """An instant as ISO 8601 in UTC, for machines."""
    at = datetime.datetime.fromtimestamp(utc_ms / 1000, datetime.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def set_clock(clock: LocalTime) -> None:
    """Let templates say times of the page's centre."""
    g.clock = clock
