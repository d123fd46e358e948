"""Short names of common emoji and their code points, as `rich_text` tells them. Pure data.

The names are those of https://github.com/iamcal/emoji-data, which the service documents as its source.
"""

from __future__ import annotations

UNICODE: dict[str, str] = {
    "+1": "1f44d", "thumbsup": "1f44d", "-1": "1f44e", "thumbsdown": "1f44e", "100": "1f4af", "tada": "1f389",
    "wave": "1f44b", "clap": "1f44f", "raised_hands": "1f64c", "pray": "1f64f", "muscle": "1f4aa", "eyes": "1f440",
    "ok_hand": "1f44c", "point_up": "261d-fe0f", "point_down": "1f447", "point_left": "1f448", "point_right": "1f449",
    "heart": "2764-fe0f", "broken_heart": "1f494", "fire": "1f525", "star": "2b50", "star2": "1f31f",
    "sparkles": "2728", "zap": "26a1", "boom": "1f4a5", "rocket": "1f680", "bulb": "1f4a1", "bell": "1f514",
    "warning": "26a0-fe0f", "rotating_light": "1f6a8", "no_entry": "26d4", "x": "274c", "heavy_check_mark": "2714-fe0f",
    "white_check_mark": "2705", "ballot_box_with_check": "2611-fe0f", "question": "2753", "exclamation": "2757",
    "hourglass": "231b", "stopwatch": "23f1-fe0f", "calendar": "1f4c6", "date": "1f4c5", "memo": "1f4dd",
    "pencil": "1f4dd", "pencil2": "270f-fe0f", "pushpin": "1f4cc", "paperclip": "1f4ce", "link": "1f517",
    "lock": "1f512", "unlock": "1f513", "key": "1f511", "mag": "1f50d", "gear": "2699-fe0f", "wrench": "1f527",
    "hammer": "1f528", "bug": "1f41b", "robot_face": "1f916", "ghost": "1f47b", "alien": "1f47d", "skull": "1f480",
    "smile": "1f604", "smiley": "1f603", "grinning": "1f600", "grin": "1f601", "joy": "1f602", "laughing": "1f606",
    "sweat_smile": "1f605", "rolling_on_the_floor_laughing": "1f923", "slightly_smiling_face": "1f642",
    "upside_down_face": "1f643", "wink": "1f609", "blush": "1f60a", "innocent": "1f607", "heart_eyes": "1f60d",
    "sunglasses": "1f60e", "thinking_face": "1f914", "neutral_face": "1f610", "expressionless": "1f611",
    "confused": "1f615", "worried": "1f61f", "cry": "1f622", "sob": "1f62d", "scream": "1f631", "rage": "1f621",
    "sleeping": "1f634", "facepalm": "1f926", "shrug": "1f937", "partying_face": "1f973", "yum": "1f60b",
    "coffee": "2615", "tea": "1f375", "beer": "1f37a", "beers": "1f37b", "pizza": "1f355", "cake": "1f370",
    "birthday": "1f382", "gift": "1f381", "balloon": "1f388", "trophy": "1f3c6", "medal": "1f3c5", "house": "1f3e0",
    "palm_tree": "1f334", "sunny": "2600-fe0f", "cloud": "2601-fe0f", "umbrella": "2602-fe0f", "snowflake": "2744-fe0f",
    "rainbow": "1f308", "earth_americas": "1f30e", "computer": "1f4bb", "iphone": "1f4f1", "email": "2709-fe0f",
    "inbox_tray": "1f4e5", "outbox_tray": "1f4e4", "package": "1f4e6", "chart_with_upwards_trend": "1f4c8",
    "chart_with_downwards_trend": "1f4c9", "bar_chart": "1f4ca", "moneybag": "1f4b0", "credit_card": "1f4b3",
    "red_circle": "1f534", "large_blue_circle": "1f535", "large_green_circle": "1f7e2", "large_yellow_circle": "1f7e1",
    "white_circle": "26aa", "black_circle": "26ab", "arrow_right": "27a1-fe0f", "arrow_left": "2b05-fe0f",
    "arrow_up": "2b06-fe0f", "arrow_down": "2b07-fe0f", "arrows_counterclockwise": "1f504", "speech_balloon": "1f4ac",
    "thought_balloon": "1f4ad", "mega": "1f4e3", "loudspeaker": "1f4e2", "construction": "1f6a7", "car": "1f697",
    "airplane": "2708-fe0f", "ship": "1f6a2", "dog": "1f436", "cat": "1f431", "panda_face": "1f43c", "monkey": "1f412",
    "see_no_evil": "1f648", "unicorn_face": "1f984", "bee": "1f41d", "octopus": "1f419", "snail": "1f40c",
}  # fmt: skip
