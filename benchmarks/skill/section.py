"""The section of docs/verification.md that holds ours beside the peers: its words, and its place in the page."""

from __future__ import annotations

from benchmarks.skill import exchange

PAGE = exchange.ROOT / "docs" / "verification.md"
BEGIN, END = "<!-- peers: begin, made by ./run bench compare -->", "<!-- peers: end -->"
INTRODUCTION = """## Beside peers, in three weather modes

Twelve stations, trained before 2015-03-01, tested on 2015-03-01 .. 2016-02-29. CRPS is made from seven quantiles, the
same way for everybody, on the station-days all models have. Perfect weather is the observed weather of the valid day
(nobody has it: an upper bound); degraded weather is a stand-in for weather forecasts (docs/weather.md), so its figures
say nothing about any weather service. **blend** is ours without weather, **blend-weather** ours with it; the best
single peer of each lead is in bold. Made by `lantian backtest --weather none|perfect|FILE` and `./run bench compare`.

"""

AFTERWORD = """### What is reached with weather, what is not, and how it was chosen

The aim is a CRPS 5 % below the best peer's at every lead with weather, and 3 and 2 % at the first two leads without.

* Perfect weather: reached at every lead: 11.8, 17.9, 19.7, 19.6, 20.8, 19.7 and 19.1 % below the best peer. Level 66.8
  % at lead 1 (aim 65) and 61.1 % on average (aim 57), CSI above 100 0.80 and 0.77 on average (aims 0.78, 0.73),
  primary pollutant 77.2 % (best peer 75.9 %), R² 0.855 at lead 1 and 0.722 at lead 7 (aims 0.85, 0.72): reached. The
  80 % interval holds at 81 to 83 %, on days above 200 at 77, 76, 74, 79, 80, 78, 79 % (aim 72): reached. CSI above 200
  0.64 (aim 0.70): not reached; weeks drawn anew from the year put it between 0.52 and 0.73 (LightGBM, 0.63: between
  0.50 and 0.73), for it hangs on some forty heavy days that the stations share. A threshold that the test year itself
  chose would give 0.66.
* Degraded weather: reached at leads 1 to 4 (10.9, 14.3, 11.2, 7.4 %), not at leads 5, 6 and 7 (3.2, 1.0, 4.9 %); what
  a run still tells there, and how much hangs on the kind of its errors, stands below. Primary pollutant 70.3 % (best
  peer 69.3 %): reached. The interval holds at 76 to 81 %, over all leads 79 %: reached; on days above 200 at 75, 65,
  63, 59, 56, 50, 44 %: reached at lead 1 only. That stand-in errs as weather does, for days and everywhere at once, and
  is the harder reading of "blended with climatology plus lead-dependent noise". With noise in its plainest reading
  (normal, drawn anew for every lead and variable) CRPS in the same year is 15.2, 25.0, 30.2, 33.6, 32.0, 31.9, 39.0 %
  below the best single peer where every station errs by itself, and 12.6, 19.3, 21.6, 22.8, 20.4, 16.6, 19.4 % where
  all err alike (`./run bench other_errors`, all peers; lower ends of the 90 % intervals 12 and 10 % or more): reached
  at every lead, as are the interval (79 to 83 %) and the primary pollutant; on days above 200 it holds at 73 to 82 %
  and at 60 to 76 %. What is shown everywhere else stays the stand-in.
* No weather: lead 1 is 6.7 % below the best peer (aim 3 %): reached; lead 2 is 0.5 % above it (aim 2 % below): not
  reached; leads 3 and 4 are 1.2 % above the best of peers and climatology: not reached, though by less than a year can
  tell apart; leads 5 to 7 are 0.1, 0.2 and 0.4 % below: reached.
* Coverage without weather is 81 % at lead 1 and 73 to 75 % after; on days above 200 it is 71 %, then 29 to 36 %. After
  lead 1 nothing here tells those days from others: the interval is the season's, and they are its upper tail. An
  interval that leaves out the highest tenth of a season in which a share s of days is above 200 holds at most
  (s − 0.1) / s of them, 50 % where a fifth of the days is; an honest 80 % interval cannot hold 72 % of them before the
  forecast tells them from the others.
* Reliability is not within 5 points: P(AQI > 100) is said up to 14 points too high with perfect weather, 14 with
  degraded, 17 without (18 before the corrections below). On the second training year, said by a model of the first, it
  is 10, 5 and 5. The test year is cleaner on fair days than both: emissions fell. One year can hardly show 5 points in
  every tenth: weeks drawn anew from it put the worst tenth of a reliable forecast 6, 5 and 8 points off in the median,
  and up to 11, 8 and 13 in nine years of ten. What is beyond that, 3 to 6 points, is ours.
* Alarms by cost fire where medians do not; see the tables above.
* What the forecasts at hand could give at most: all of them mixed by weights that the test year itself chose
  (`./run bench hindsight`; the answers are known there, so nobody could have used it). Degraded weather: 4.1, 2.5 and
  4.9 % below the best peer at leads 5, 6 and 7: no mixture of what is known here reaches 5 %. No weather: 2.4 % at lead
  2 and 0.9 and 0.6 % at leads 3 and 4, by weights that give persistence and AutoTheta a part at lead 2 and leave ours
  out at leads 3 and 4; on the second training year ours was the best there, so nothing but the test year could have
  told it. Where the aims are reached, the mixture is ours alone.

Then two corrections came, both chosen on the second training year as a model of the first year says it, in three modes:
what is said is corrected by what is said (`models/regime.py`) and by what was missed at the place in the last sixty
days (`models/lately.py`). There CRPS with perfect weather went from 17.2, 21.3, 21.8, 21.8, 21.4, 21.5, 21.7 to 17.1,
21.3, 21.8, 21.7, 21.3, 21.4, 21.5, coverage of days above 200 from 64 .. 71 % to 69 .. 73 %, the greatest departure of
reliability from 11 to 7 points, the primary pollutant from 74.7 to 75.4 %. Tried and left there: one shift of all
quantiles by the median miss of all stations (worse from lead 2 on), steps common to all stations (1 % worse than each
station's own), larger steps.
The test year was looked at once for each mode after that: it gained 1.5, 3.3, 3.5, 3.5, 3.0, 3.0 and 2.2 % with perfect
weather, 1.9 to 1.1 % with degraded, 3.8 % at lead 1 without: more than the second year promised, for it drifted more.

Next, the chain of days was made again and the opinions are weighed more evenly. Chosen on the same split (pools made
again from the opinions of models of the first year, without the correction of the last weeks): a step that knows
yesterday's weather and the last evening's PM2.5 and is the mean of trees and a kernel (`models/step.py`), and weights
drawn twelve times harder to equal ones. CRPS of the second year went, leads 1 to 7,

| | before | now |
|---|---|---|
| perfect weather | 17.8, 21.7, 22.2, 22.0, 21.8, 21.8, 21.8 | 17.2, 20.1, 20.6, 20.4, 20.4, 20.3, 20.3 |
| degraded weather | 19.2, 25.1, 28.4, 28.9, 31.8, 33.3, 35.1 | 18.8, 24.3, 27.7, 28.3, 31.0, 32.6, 34.6 |
| no weather (weights only) | 25.5, 35.0, 36.1, 36.1, 36.3, 36.2, 36.2 | 25.3, 35.1, 36.1, 36.2, 36.2, 36.2, 36.2 |

Yesterday's weather is most of it: the error of one step (rmse of log AQI, observed weather, trees alone) is 0.35
without and 0.32 with it, 0.30 with the evening too. More even weights alone gained 1.3, 1.4, 1.3, 0.5, 0.8, 0.1 and
−0.1 % with perfect weather. The kernel's width and penalty are the best of six pairs. The split also showed a fault:
the lines of `models/regime.py` threw a quantile anywhere where a median lay beyond the bends seen in training; they are
bounded now. What was tried and left stands in [weather.md](weather.md). The test year was looked at once for each mode
after that: CRPS 1.7, 4.7, 5.9, 6.2, 7.0, 7.2 and 7.5 % lower with perfect weather (the split promised 3 to 7);
0.5, 2.8, 0.0, 0.8, −0.2, 0.7 and 0.8 % lower with degraded (promised 1.5 to 3); without weather 0.6 % lower at lead 1,
0 to 0.4 % higher after.

Then came three small things. A step of the chain knows more of how a day ended (PM2.5 of its last hour, NO2 of its last
six, beside PM2.5 of its last six): chosen on the second year and on unseen days of the first together, where CRPS of
the pool fell by 1.4 to 0.2 % with perfect weather and by 0.9 to 0 % with degraded. Quantiles are corrected by a quarter
of what the season missed, not by half. And a run's local detail is believed as far as it was right
([weather.md](weather.md)). CRPS of the second year, pools as above (degraded weather with the whole model):

| | before | now |
|---|---|---|
| perfect weather | 17.2, 20.1, 20.6, 20.4, 20.4, 20.3, 20.3 | 16.9, 20.2, 20.5, 20.4, 20.4, 20.3, 20.3 |
| degraded weather | 18.8, 24.3, 27.7, 28.3, 31.0, 32.6, 34.5 | 18.6, 24.1, 27.4, 27.9, 30.7, 32.3, 34.3 |
| no weather | 25.3, 35.1, 36.1, 36.2, 36.2, 36.2, 36.2 | 25.3, 35.0, 36.0, 35.9, 36.1, 36.1, 36.0 |

The test year was looked at once for each mode after the first two (0.4, 0.6, 0.9, 0.7, 1.4, 1.3, 1.5 % lower with
perfect weather, 0.3, 0.8, 0.6, 0.4, 0.4, 0.3, 0.4 % without, 0.1 to 0.6 % with degraded), and once with degraded
weather after the third (0.1, 0.5, 0.7, 0.4, 0.4, 1.2, 0.4 % lower again).

Last, forecasts of fair and of bad days are learned from apart in the correction by the last weeks, with longer steps
(`models/lately.py`), and a fifth of the weights is shared alike by all who look ahead. On the second year, pools as
above with the last weeks, CRPS fell from 17.0, 20.2, 20.7, 20.6, 20.5, 20.4, 20.4 to 16.7, 20.0, 20.5, 20.4, 20.3,
20.3, 20.3 with perfect weather, from 18.7, 24.3, 27.4, 28.0, 30.8, 32.5, 34.4 to 18.5, 24.2, 27.4, 28.0, 30.8, 32.5,
34.4 with degraded, by 0.1 at lead 1 without; R² at lead 1 rose from 0.750 to 0.756. Tried and left there: weights that
follow the last weeks (nothing beyond more even ones), a line in the odds of AQI above 100 (decision 0009), every
second or third day of the last weeks only (quicker, up to 1 % worse). The test year was looked at once for each mode
after that, and it kept half of the promise: with perfect weather 1.1 and 0.6 % lower at leads 1 and 2, level at 3 and
4, 0.4 to 0.6 % higher after; with degraded 0.5 % lower at lead 1, level or up to 0.5 % higher after; without 0.9 and
0.3 % lower at leads 1 and 2, level after. It stays: what was chosen without the test year is not taken back for it.
How variables of a run check one another ([weather.md](weather.md)) changed nothing here, for the stand-in is of the
kind where they do not.

After that a fault was found by reading: a day on which a main pollutant was not measured (5 of 100 station-days of the
training years, mostly ozone) counted with the index of the others as its truth, in training and in the last weeks.
Such days teach nothing now. That was a repair and no choice, and the test year was looked at once more for each mode
to measure it: 0.6, 0.5, 0.4, 0.5, 0.8, 0.7, −0.4 % lower with perfect weather, 0.5 % lower to 0.4 % higher with
degraded, 0 to 0.6 % higher without. What stands above and below of the second year is of before.

How much of what is not reached is the test year? The peers that learn (LightGBM, mlforecast), persistence and
climatology were trained on the first year too and asked about the second. There the whole model is below the best of
them by 4.3, 4.1, 1.5, 1.1, 0.8, 0.8, 0.5 % without weather (every aim reached) and by 7.4, 10.7, 9.9, 10.7, 5.7, 5.5,
2.9 % with degraded (all but lead 7). That year flatters us, for our choices were made on it; but one year tells CRPS
apart by 1 to 2 % without weather and by 4 % against a peer as unlike ours as mlforecast, so the two years do not
contradict each other. Without weather the test year is lost in winter (lead 3: 55 against 54) and won in spring and
summer.

**blend-weather** is the pool of kernel paths, LightGBM quantiles of the index (two sets of predictors), a chain of days
(`models/chained.py`) and the usual. CRPS on unseen days of the training years, leads 1 to 7 (the correction by what is
said was fitted on the same days, that of the last weeks is not in it):

| | paths alone | pool |
|---|---|---|
| perfect weather | 17.0, 20.9, 22.2, 22.1, 22.2, 22.4, 22.1 | 16.2, 19.5, 20.1, 20.2, 20.1, 20.1, 20.1 |
| degraded weather | 18.5, 26.1, 29.2, 30.7, 33.0, 34.4, 35.2 | 17.8, 25.0, 27.4, 29.2, 31.6, 33.0, 33.9 |

The chain was tried with the weather of lead 1, of lead 4 and of all leads; lead 1 added most (0.3 to 0.6 % at leads 2
to 7, before it was made again). Tried and left: cleaning the runs by regression over all leads and variables (worse
than one factor per variable and lead, but for pressure), and the model of perfect weather asked about eight redrawn
versions of each run (as good as the kernels at far leads, worse near; 0.3 % in the pool).

Looks at the test year: seven before this pool, then one for each mode with weather; the files were written once more
when the column of the primary pollutant changed its rule; one for each of the three modes with the corrections,
one for each of the three with the chain made again, one for each with the three small things, one more with degraded
weather for the local detail of runs, one for each of the three with fair and bad weeks apart, and
one for each after the repair; one for each of the two plainer kinds of weather error, after which nothing was
chosen. At last everything was made again in a fresh copy: the figures beside the peers were the same, and the tables of
full training at the top of this page, which had stood since before the pool, became those of today's model.

Kernels, their widths, penalties and weights, and three runs drawn again were chosen on two of six folds of two-month
blocks inside 2013-03 .. 2015-02: mean pinball loss of log AQI 0.062, 0.073, 0.072 at leads 1, 3, 6 with perfect weather
(boosted trees of scikit-learn: 0.063, 0.076, 0.077), 0.068, 0.100, 0.112 with degraded weather and runs drawn again
(kernels without them 0.069, 0.102, 0.113; trees 0.069, 0.105, 0.120). Trees beside the kernels at lead 1 were chosen on
the split of the first training year to the second: CRPS 17.9 instead of 19.1. The kernels' figures are the best of a
small grid beside one setting of trees, so the distance flatters them; they take about a tenth of the time. Not tried:
linear experts with weather.

### What missing data cost

CRPS of AQI without weather ahead (`./run bench gaps`: effort "demo", four stations, every fourth day of the test year;
the modes beside each other, not the skill itself):

| what is missing | lead 1 | lead 2 | lead 3 | leads 4 to 7 |
|---|---|---|---|---|
| nothing | 21.8 | 38.4 | 45.3 | 40.4, 35.7, 39.8, 45.2 |
| observed weather | 23.6 | 39.3 | 45.3 | within 0.1 of it |
| PM2.5 everywhere | 24.6 | 38.8 | 45.3 | within 0.1 of it |
| the station itself (the region speaks) | 32.7 | 39.5 | 45.2 | within 0.1 of it |
| everything but the season | 35.5 | 39.8 | 45.2 | within 0.1 of it |

### Forty cities: better at every lead

`./run bench forty_cities`, seven months of data in all, origins at the first of March to June 2019, effort "demo":

| CRPS | lead 1 | lead 2 | lead 3 | lead 4 | lead 5 | lead 6 | lead 7 |
|---|---|---|---|---|---|---|---|
| blend | 12.9 | 17.7 | 18.7 | 18.9 | 18.8 | 18.8 | 18.9 |
| persistence | 15.4 | 20.2 | 22.7 | 23.4 | 23.4 | 23.0 | 22.6 |
| climatology (here the last weeks) | 19.0 | 18.9 | 19.1 | 19.1 | 19.1 | 19.1 | 19.2 |

The first run lost at every lead (15.8, 22.1, 22.3 ...): a harmonic of the year had been fitted to three to six months
and carried on into the next season. Where the known days of a place leave more than two months of the year open none
is fitted any more.

### The next 72 hours, hour by hour

`./run bench hours`: CRPS of the real-time AQI, trained on the first training year, 363 outlooks of the second (the city
and two stations, every third day, effort "demo", no weather ahead); the test year is not looked at. Persistence is the
index now with the changes past days of the season made from this hour on, climatology the same hours of those days.

| edition, hours ahead | ours | persistence | climatology | 80 % inside |
|---|---|---|---|---|
| HJ 633-2012, 1 to 6 | 3.0 | 9.2 | 38.8 | 84 % |
| HJ 633-2012, 7 to 24 | 18.1 | 28.0 | 41.6 | 82 % |
| HJ 633-2012, 25 to 48 | 34.9 | 47.9 | 41.6 | 78 % |
| HJ 633-2012, 49 to 72 | 38.7 | 57.1 | 39.8 | 80 % |
| HJ 633-2026, 1 to 6 | 23.3 | 23.1 | 51.3 | 79 % |
| HJ 633-2026, 7 to 24 | 37.7 | 47.5 | 49.3 | 80 % |
| HJ 633-2026, 25 to 48 | 45.3 | 67.1 | 48.7 | 76 % |
| HJ 633-2026, 49 to 72 | 43.7 | 66.6 | 44.4 | 82 % |

A scenario by hours is the scenario by days: it takes the course of the day from a like stretch of three past days of
the area and is lifted until every natural day holds the scenario's own daily statistic (`forecast/hourly_paths.py`).
Under the 2026 rule particles count by the hour, and in the first six hours persistence is as good. Hours of one outlook
take 0.1 s.

### Scale

* Training on two years of 1,700 stations goes by blocks of 100 neighbours (`flows/nation.py`, effort "demo"), on Dask
  through Prefect's task runner or without, with equal digests (a test trains on two Dask processes and alone).
  `./run bench nation_training`, a synthetic scale-up, 17 blocks on two Dask processes, nothing else on the machine:
  376 s (aim 20 minutes), 621 s of processor (at most 44 s a block), 3.4 GiB for both processes together (aim 12); on
  another day 483 s, 776 s and 3.7 GiB.
* Prediction for 1,700 stations, 7 days, 6 pollutants, 200 paths and their AQI takes 8 to 10 s of one processor,
  peak memory 1,014 MiB (`./run bench nation`, effort "demo", arrays of twelve stations repeated). It took 149 s while
  every station worked out the usual of all 1,700.
* The same at effort "full" with weather ahead, the forecasts of the last weeks made again at every station: 57.5 s on
  two cores (aim 60), 112 s of processor, 703 MiB a process (`./run bench nation_full`; the model is one of the first
  training year), on a day when the machine was a quarter slower than when it had been 58 s: a fifth less time since,
  for all trees of a lead and all steps of a day are asked at once and an index is worked out once (the same paths to
  the bit). Until then it was 325 s wherever nobody had set `OMP_NUM_THREADS`: two processes with two threads each on
  two cores wait for one another. Forecasts are made on one thread now (`forecast/threads.py`).
"""


def with_section(page: str, section: str) -> str:
    """The page with the section in place of the one between BEGIN and END, or appended.

    >>> with_section("a", "new") == with_section(with_section("a", "old"), "new")
    True
    """
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before.rstrip()}\n\n{BEGIN}\n{section.strip()}\n{END}\n{after.lstrip()}"


def section_of(page: str) -> str:
    """What stands between BEGIN and END; empty where nothing does."""
    return page.partition(BEGIN)[2].partition(END)[0].strip()


def put(tables: str) -> None:
    """The tables written into the page with the words around them; nothing where there is no page."""
    if PAGE.is_file():
        made = with_section(PAGE.read_text(encoding="utf-8"), INTRODUCTION + tables + AFTERWORD)
        PAGE.write_text(made, encoding="utf-8")
