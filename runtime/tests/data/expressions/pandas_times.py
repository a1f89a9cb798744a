import datetime as dt

import numpy as np
import pandas as pd
import pandas.tseries.holiday

ts = pd.Timestamp("2024-03-31 01:30:00")
rng = pd.date_range("2024-01-01", periods=5, freq="D")
s = pd.Series(pd.to_datetime(["2024-02-28 23:59:59", "2024-02-29 00:00:00", None, "2023-12-31 12:00:00"]))
# ---
pd.to_datetime("2024-01-02T03:04:05.123456789Z"), pd.to_datetime("2024-01-02 03:04+02:00"), pd.to_datetime("Jan 5, 2024 3pm"), pd.to_datetime("20240105"), pd.to_datetime("5.1.2024", dayfirst=True), pd.to_datetime("2024-W05-1", format="%G-W%V-%u")
pd.to_datetime(1704067200, unit="s"), pd.to_datetime(1704067200123, unit="ms"), pd.to_datetime([1.5, 2.25], unit="s"), pd.to_datetime([1, None], unit="D", origin="2024-01-01"), pd.to_datetime(1490195805433502912, unit="ns")
pd.to_datetime(["2024-01-01", "x"], errors="coerce"), pd.to_datetime(["2024-01-01", None, "NaT"]), pd.to_datetime(["2024-01-01 10:00", "2024-01-02"], format="mixed"), pd.to_datetime(["2024-01-01T10:00:00+01:00", "2024-06-01T10:00:00+02:00"], utc=True), pd.to_datetime(["2024-01-01T00Z"], format="ISO8601")
pd.to_datetime("x")
pd.to_datetime(["2024-01-01", "01/02/2024"])
pd.to_datetime("2024-13-01")
pd.to_datetime("1500-01-01"), pd.Timestamp("1500-01-01").unit
pd.to_datetime("10000-01-01")
pd.to_datetime("01/Mar/2024:10:11:12 +0100", format="%d/%b/%Y:%H:%M:%S %z"), pd.to_datetime(["2024-01-01 10"], format="%Y-%m-%d %H"), pd.to_datetime("10:20", format="%H:%M"), pd.to_datetime("2024-060", format="%Y-%j")
pd.to_datetime("2024-01-01", format="%d/%m/%Y")
pd.to_datetime({"year": [2024], "month": [2], "day": [29], "hour": [3]}), pd.to_datetime(pd.DataFrame({"year": [2024, 2023], "month": [1, 2], "day": [1, 1]})), pd.to_datetime(dt.date(2024, 1, 1)), pd.to_datetime(dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc))
pd.to_datetime(["2024-01-01T10:00:00+01:00", "2024-06-01T10:00:00+02:00"])
ts, ts.year, ts.dayofweek, ts.day_name(), ts.month_name(), ts.quarter, ts.isocalendar(), ts.dayofyear, ts.is_month_end, ts.daysinmonth, ts.week, ts.to_julian_date(), ts.value, ts.timestamp(), ts.isoformat(), ts.strftime("%a %d %b %Y %H:%M:%S.%f %j %U"), str(ts), repr(ts)
ts.floor("h"), ts.ceil("D"), ts.round("15min"), ts.normalize(), ts.replace(hour=5), ts + pd.Timedelta("36h"), ts - pd.Timestamp("2024-01-01"), ts + pd.DateOffset(months=1), ts - pd.offsets.MonthBegin(1), ts.to_pydatetime(), ts.to_datetime64(), ts.as_unit("s"), ts.to_period("M"), ts.date(), ts.time()
ts.tz_localize("Europe/Paris") + pd.Timedelta("1h"), ts.tz_localize("UTC").tz_convert("America/New_York"), ts.tz_localize("Asia/Kolkata").utcoffset(), ts.tz_localize("UTC").tz_convert(None), ts.tz_localize("Europe/London"), repr(ts.tz_localize("Europe/Paris"))
ts.tz_localize("Mars/Phobos")
pd.Timestamp("2024-03-31 02:30").tz_localize("Europe/Paris")
pd.Timestamp("2024-10-27 02:30").tz_localize("Europe/Paris")
pd.Timestamp("2024-03-31 02:30").tz_localize("Europe/Paris", nonexistent="shift_forward"), pd.Timestamp("2024-10-27 02:30").tz_localize("Europe/Paris", ambiguous=True), pd.Timestamp("2024-03-31 02:30").tz_localize("Europe/Paris", nonexistent="NaT")
ts.tz_localize("UTC") < ts
pd.Timestamp(2024, 1, 1, 12), pd.Timestamp(1.7e18), pd.Timestamp(1704067200, unit="s", tz="Asia/Tokyo"), pd.Timestamp("now", tz="UTC").tz, pd.Timestamp.fromtimestamp(0, tz="UTC"), pd.Timestamp.min, pd.Timestamp.max, pd.Timestamp.fromordinal(738000)
pd.Timestamp("2262-04-12") + pd.Timedelta("1ns")
pd.Timestamp.max + pd.Timedelta(1, "D")
pd.Timedelta("1 days 02:03:04.000000005"), pd.Timedelta(90, "min"), pd.Timedelta("1h") / pd.Timedelta("7min"), pd.Timedelta("-1s"), pd.Timedelta("P1DT2H"), pd.Timedelta(1.5, "h").total_seconds(), pd.Timedelta("1d").components, str(pd.Timedelta("36h")), pd.Timedelta("1h").isoformat(), pd.Timedelta("10s") // pd.Timedelta("3s"), pd.Timedelta("10s") % pd.Timedelta("3s"), pd.Timedelta("1.5s").round("s")
pd.Timedelta("x")
pd.to_timedelta(["1h", "00:10:00", None]), pd.to_timedelta([1, 2], unit="h"), pd.timedelta_range("1h", periods=3, freq="30min"), pd.to_timedelta("1us").value, pd.Series(pd.to_timedelta([1, 2], unit="D")).dt.total_seconds(), pd.Series(pd.to_timedelta(["1h", "2h"])).sum()
pd.date_range("2024-01-30", periods=4, freq="ME"), pd.date_range("2024-01-01", "2024-01-02", freq="6h"), pd.date_range("2024-01-01", periods=3, freq="B"), pd.date_range("2024-01-01", "2024-12-31", freq="QS"), pd.date_range("2024-01-01", "2024-01-10", periods=4), pd.bdate_range("2024-01-05", periods=3), pd.date_range("2024-03-30", periods=3, freq="D", tz="Europe/Paris"), pd.date_range("2024-01-01", periods=3, freq="W-WED")
pd.date_range("2024-01-01", periods=2, freq="M")
pd.date_range("2024-01-01", periods=2, freq="xyz")
pd.date_range("2024-01-01")
rng.freq, rng.inferred_freq, pd.infer_freq(["2024-01-01", "2024-01-03", "2024-01-05"]), rng.shift(2), rng.tz_localize("UTC"), rng.to_period("W"), rng.day_name().tolist(), rng.is_monotonic_increasing, rng[1:3], rng.union(rng.shift(3)), rng.intersection(rng[2:]), rng.get_loc("2024-01-03"), rng.snap("W"), rng.strftime("%m/%d")
s.dt.year, s.dt.date, s.dt.hour, s.dt.floor("D"), s.dt.day_name(), s.dt.isocalendar(), s.dt.strftime("%Y-%m-%d"), s.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"), s.dt.is_leap_year, s.dt.to_period("Q"), s.dt.days_in_month, s.dt.normalize()
s.diff(), s.min(), s.max() - s.min(), s.sort_values(), s.isna(), s.rank(), s.astype("datetime64[s]"), s.astype(str), s.mean(), s.describe(), s == pd.Timestamp("2024-02-29"), s + pd.Timedelta("1D"), s.between("2024-01-01", "2024-12-31")
s.astype("int64")
pd.Series([1, 2]).dt
pd.Series(range(5), index=rng)["2024-01-02":"2024-01-03"], pd.Series(range(5), index=rng).loc["2024-01"].sum(), pd.Series(range(5), index=rng).between_time("00:00", "01:00").sum(), pd.Series(range(5), index=rng).asfreq("12h").head(4), pd.Series(range(5), index=rng).shift(1, freq="D"), pd.Series(range(5), index=rng).first_valid_index(), pd.Series(range(5), index=rng).at_time("00:00").size, pd.Series(range(5), index=rng).truncate("2024-01-03")
pd.Series(range(5), index=rng)["2025-01-01"]
pd.Period("2024-02"), pd.Period("2024Q1").end_time, pd.Period("2024-02") + 1, pd.Period("2024-03") - pd.Period("2024-01"), pd.Period("2024-02-29", "D").asfreq("M"), pd.period_range("2024-01", periods=3, freq="M"), pd.PeriodIndex(["2024-01", "2024-02"], freq="M").to_timestamp(), pd.Period("2024-02").days_in_month, str(pd.Period("2024-01-01", "W")), pd.Period("2024", "Y").strftime("%y"), pd.Period(ordinal=650, freq="M")
pd.Period("2024-01") < pd.Period("2024-01-01", "D")
ts + pd.offsets.BDay(3), ts + pd.offsets.BusinessHour(5), ts + pd.offsets.QuarterEnd(), ts + pd.offsets.Week(weekday=0), ts + pd.offsets.CustomBusinessDay(holidays=["2024-04-01"]), pd.offsets.MonthEnd().is_on_offset(ts), ts + pd.offsets.Hour(3), pd.tseries.frequencies.to_offset("1h30min"), ts + pd.offsets.FY5253(), ts + pd.offsets.Easter(), pd.offsets.LastWeekOfMonth(weekday=4).rollback(ts)
pd.tseries.holiday.USFederalHolidayCalendar().holidays("2024-01-01", "2024-12-31"), pd.NaT + pd.Timedelta(1), pd.NaT == pd.NaT, str(pd.NaT), pd.NaT.year, pd.isna(pd.NaT), pd.Timestamp("NaT") is pd.NaT
pd.Series(pd.date_range("2024-10-26 23:00", periods=4, freq="h", tz="UTC")).dt.tz_convert("Europe/Berlin").astype(str), pd.date_range("2024-10-27", periods=4, freq="h", tz="Europe/Berlin"), pd.DatetimeIndex(["2024-10-27 02:00"] * 2).tz_localize("Europe/Berlin", ambiguous=[True, False]), pd.date_range("1900-01-01", periods=2, tz="Europe/Amsterdam"), pd.date_range("2040-07-01", periods=1, tz="America/New_York")
