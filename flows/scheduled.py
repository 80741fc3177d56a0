"""The Prefect flows: each is a page at most, holds no rule, and may be rerun at any time.

Prefect is only the clock. What was decided is in the record, what was measured in the archive; Prefect's own database
may vanish. Enterprises, orders and receipts are rows of the record, never tasks.
"""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path

from prefect import flow, task
from prefect.runtime import flow_run

from emergency.roster_store import RosterStore
from emergency.vocabulary import BEIJING
from flows import brief, paging, respond, stage
from flows.channels.choose import FILE, address_in, channel_of
from flows.channels.worker import work
from flows.hooks import tell_all
from flows.post import Post, open_post
from flows.replay import BRIEF_HOUR
from flows.scenario import load as load_scenario
from flows.scenario import scenario as scenario_of
from flows.staying import left, looks


def _moment(post: Post, at: datetime | None) -> datetime:
    """The logical time of a run: as given, else the replay's clock, else when Prefect meant the run to start."""
    if at is not None:
        return at
    if post.record.noted("replay"):
        return post.now
    planned: datetime | None = flow_run.scheduled_start_time
    return planned or post.now


@flow(name="observe", log_prints=True, retries=2, retry_delay_seconds=20)
def observe_flow(home: str, reader: str, path: str) -> int:
    """Bring a file of observations into the archive; the rows that were new. Running it twice changes nothing."""
    from flows.observe import observe

    return observe(open_post(Path(home)).archive, reader=reader, path=Path(path))


@flow(name="outlook", log_prints=True, retries=2, retry_delay_seconds=20)
def outlook_flow(home: str, at: datetime | None = None) -> str:
    """Issue the outlook of the moment from the stored model; its digest."""
    from flows.outlook import issue

    post = open_post(Path(home))
    return issue(post, now=_moment(post, at)).digest


@flow(name="respond", log_prints=True, retries=2, retry_delay_seconds=20)
def respond_flow(home: str, at: datetime | None = None) -> int:
    """Do what is due on the duty side: propose, note silence, start, resume, page, chase, judge; entries gained."""
    post = open_post(Path(home))
    now = _moment(post, at)
    before = post.record.head()[0]
    situation = post.situation(now)
    respond.propose(post.office, situation)
    within = timedelta(minutes=post.plan.consultation.result_within_minutes.value)
    respond.note_silence(post.office, now, within=within)
    respond.start_due(post.office, now)
    respond.resume_due(post.office, now)
    roster, people = RosterStore(post.record).roster(), paging.accounts_of(post.record)
    paging.page_due(post.office, now, plan=roster, people=people)
    if now.astimezone(BEIJING).weekday() == 0 and now.astimezone(BEIJING).hour == BRIEF_HOUR:
        brief.file_weekly(post.office, situation)
    chase_after = post.plan.deadlines.chase_after_minutes.value
    respond.chase_overdue(post.office, now, every=timedelta(minutes=chase_after))
    respond.judge_compliance(post.office, now, respond.meters_of(post.home))
    return post.record.head()[0] - before


@flow(name="deliver", log_prints=True, retries=2, retry_delay_seconds=20)
def deliver_flow(home: str, at: datetime | None = None, minutes: int = 0) -> int:
    """Hand over waiting messages by the leasing worker; how many were settled. With `minutes` it goes on looking until
    shortly before the next full so many minutes of the hour, when its next run comes.

    A drill's messages go to the sealed channel only. Real work without channels.yaml hands nothing over: the messages
    wait, and the desk says so. Other systems with a webhook are told of the new entries of the record either way.
    """
    post, settled = open_post(Path(home)), 0
    for look in looks(left(minutes, now=post.now)):
        settled += _hand_over(post, now=at or post.now, first=look == 0)
    return settled


def _hand_over(post: Post, *, now: datetime, first: bool) -> int:
    """What one look settled; channels and contacts are read anew, for somebody may have changed them meanwhile."""
    for hook, count in tell_all(post.record, now=now).items():
        if count:
            print(f"webhook {hook} was told of {count} entries")
    waiting = post.record.waiting(limit=1)
    if not waiting and not first:
        return 0
    channel = channel_of(post.home, post.record, area_name=post.office.desk.area_name)
    if channel is None:
        if first:
            print(f"no {FILE} in the working folder: {len(post.record.waiting())} messages wait")
        return 0
    address_of, settled = address_in(post.home, post.record), 0
    while found := work(post.office, channel, worker=f"deliver {os.getpid()}", address_of=address_of, now=now):
        settled += sum(found.values())
    return settled


@flow(name="report", log_prints=True, retries=2, retry_delay_seconds=20)
def report_flow(home: str, at: datetime | None = None) -> str:
    """The daily report (每日一报) of the day before the moment, as text."""
    from flows.bulletin import daily_bulletin

    post = open_post(Path(home))
    now = _moment(post, at)
    return daily_bulletin(post, day=now.astimezone(BEIJING).date() - timedelta(days=1), now=now)


@flow(name="verify", log_prints=True, retries=2, retry_delay_seconds=20)
def verify_flow(home: str, at: datetime | None = None) -> int:
    """Hold the forecasts of the day before the moment against what was measured; how many were checked."""
    from flows.verify import verify, yesterday

    post = open_post(Path(home))
    now = _moment(post, at)
    return len(verify(post, day=yesterday(now), now=now))


@flow(name="train", log_prints=True, retries=2, retry_delay_seconds=20)
def train_flow(home: str) -> str:
    """Train the office's models anew when sources.yaml asks for it and they have grown old."""
    from flows.renew import renew_due

    return ", ".join(f"{when:%m-%dT%H:%MZ} {state}" for when, state in renew_due(Path(home))) or "nothing was due"


@task(name="observe: archive holds the scenario")
def _observe(scenario: str, home: str) -> int:
    return load_scenario(scenario_of(scenario), stage.archive_in(Path(home)))


@task(name="train and issue the outlooks")
def _outlooks(scenario: str, home: str, first: date, last: date) -> int:
    return stage.prepare_outlooks(scenario_of(scenario), Path(home), first=first, last=last)


@task(name="play one day", task_run_name="play {day}")
def _play(scenario: str, home: str, seed: int, first: date, last: date, day: date) -> str:
    until = datetime(day.year, day.month, day.day, tzinfo=BEIJING) + timedelta(days=1)
    made, record = stage.open_replay(scenario_of(scenario), first=first, last=last, seed=seed, home=Path(home))
    return stage.play(made, record, until=until)


@flow(name="replay", log_prints=True)
def replay_flow(scenario: str, first: date, last: date, seed: int, home: str, until: date | None = None) -> str:
    """Replay a past episode, one task a day; the record's digest. Killed and started again, it goes on."""
    _observe(scenario, home)
    _outlooks(scenario, home, first, last)
    digest = ""
    day = first
    while day <= (until or last):
        digest = _play(scenario, home, seed, first, last, day)
        day += timedelta(days=1)
    return digest
