import numpy as np

d = np.array(["2024-02-28", "2024-03-01", "NaT"], dtype="M8[D]")
t = np.datetime64("2024-01-31T23:59:59.999")
# ---
d, d + 1, d + np.timedelta64(1, "W"), d - d[0], np.diff(d), d.astype("M8[M]"), d.astype("M8[ns]"), d.astype(int), d.astype(str)
t, t + np.timedelta64(1, "ms"), t.astype("M8[s]"), t.astype("M8[h]"), t.item(), d[0].item(), t.astype(int)
np.datetime64("2024-02-30")
np.datetime64("2024-01-01", "25s"), np.datetime64("2024"), np.datetime64(0, "s"), np.datetime64("NaT"), np.datetime64(None)
np.datetime64("2024-01-01T00:00+01:00")
np.timedelta64(90, "m") / np.timedelta64(1, "h"), np.timedelta64(90, "m") // np.timedelta64(1, "h"), np.timedelta64(90, "m") % np.timedelta64(1, "h"), np.timedelta64(3, "D") * 1.5
np.timedelta64(1, "Y") + np.timedelta64(1, "D")
np.timedelta64(1, "Y") + np.timedelta64(1, "M"), np.timedelta64("NaT") == np.timedelta64("NaT"), -np.timedelta64(5, "s"), abs(np.timedelta64(-5, "s"))
np.arange("2024-02", "2024-03", 7, dtype="M8[D]"), np.arange(np.datetime64("2024-01"), np.datetime64("2024-04"))
d.min(), np.sort(d), np.isnat(d), d == d, d[:2].max(), np.unique(d), d.argmax() + 0
np.busday_count("2024-01-01", "2024-02-01"), np.is_busday(d[:2]), np.busday_offset("2024-01-06", 0, roll="forward"), np.busday_offset("2024-01-05", [1, 5], holidays=["2024-01-08"])
np.busday_offset("2024-01-06", 0)
np.busdaycalendar("1111100", ["2024-01-01"]).holidays
np.datetime_as_string(d), np.datetime_as_string(t, unit="s"), np.datetime_as_string(t, timezone="UTC"), np.datetime_data("M8[25s]")
np.array(["2024-01-01T12", "2024-01-02"], dtype="M8"), np.array([1, 2], "m8[h]").astype("m8[m]"), np.array([1, 2], "m8[h]").sum(), np.mean(np.array([1, 2], "m8[h]"))
np.datetime64("9999-12-31T23:59:59.999999999"), np.datetime64("1677-09-21T00:12:43.145224193"), np.datetime64("-0044-03-15"), np.datetime64(2**62, "ns")
np.datetime64("2262-04-12", "ns"), np.datetime64("2300-01-01").astype("M8[ns]")
np.datetime64("2024-01-01") < np.datetime64("2024-01-01T00:00:01"), np.datetime64("2024-01-01") == np.datetime64("2024-01-01T00"), np.maximum(d[0], d[1])
repr(d), repr(t), str(np.timedelta64(5, "D")), repr(np.array([1, 100], "m8[s]")), f"{t}"
np.datetime64("today", "D") > np.datetime64("2020-01-01"), np.array(["2024-01-01"], "M8[us]").view("i8"), np.datetime64("2024-01-01") - 0
d.astype("M8[s]").tolist(), np.array([0], "M8[ns]").tolist(), np.array(["2024-01-01"], "M8[us]").tolist(), np.datetime64("2024-01-01").astype(object)
