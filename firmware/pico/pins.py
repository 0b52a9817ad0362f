"""Which GPIO carries what, unless config.json says otherwise.

| GPIO | part                                             |
|------|--------------------------------------------------|
| 2–6  | buttons, left to right, to ground when pressed   |
| 10–14| their lights, left to right, on when high        |
| 15   | the one status light, where there is only one    |
"""

BUTTONS = (2, 3, 4, 5, 6)
LIGHTS = (10, 11, 12, 13, 14)
STATUS_LIGHT = 15

DEFAULT = (BUTTONS, LIGHTS, STATUS_LIGHT)
