"""What a report says of mail agrees with the outcomes of the domain's row, in its headline and in what fails for whom."""

import re

from e2e.runner import check, check_equal, run

LOST = ("deferred", "undeliverable")
# What a headline says where no mail server is spoken of.
ACCOUNTS = ("accepts no mail (null MX", "the domain does not exist", "no mail server", "not tested: no MX record", "nothing could be tested",
            "not a domain name", "on the blocklist", "could not be resolved")
# Said of all senders, without a condition.
CERTAIN = re.compile(r"- (Every sender(?! that is treated)[^:]*:.*?) At (?:the only address|all \d+ addresses)\.")


def unwrapped(text):
    return re.sub(r"\s+", " ", text).strip()


def fate(outcome):
    best, worst = outcome["best"], outcome["worst"]
    if "unknown" in (best, worst):
        return "unknown"
    return ("lost" if best in LOST else "at risk" if worst in LOST else "clear" if worst == "plaintext" else "good")


def senders(row):
    """fate: names of the kinds of senders"""
    found = {"lost": set(), "at risk": set(), "clear": set(), "good": set(), "unknown": set()}
    for outcome in row["outcomes"] or []:
        found[fate(outcome)].add(outcome["profile"])
    return found


def named(headline, pattern):
    """The senders that the phrases name, and how many more they count."""
    names, more = set(), 0
    for text in re.findall(pattern + r" ([a-z0-9.,\- ]+?(?: and \d+ more)?)(?=;|$)", headline):
        counted = re.search(r" and (\d+) more$", text)
        more += int(counted.group(1)) if counted else 0
        names |= set(text[:counted.start()].split(", ") if counted else text.split(", "))
    return names, more


def check_names(what, headline, pattern, want):
    names, more = named(headline, pattern)
    check(f"{what}: names those that {pattern}", names <= want and len(names) + more == len(want), (headline, want))


def check_headline(name, headline, of):
    known = any(of[f] for f in of if f != "unknown")
    if any(words in headline for words in ACCOUNTS) and "no server could be tested" not in headline:
        check(f"{name}: says nothing of TLS", "encrypt" not in headline and "cleartext" not in headline, headline)
        return
    if not known:
        check(f"{name}: is not known", "not known" in headline, headline)
        check(f"{name}: promises nothing", not re.search("mail is|cannot|others", headline), headline)
    elif set(map(bool, (of["at risk"], of["clear"], of["good"], of["unknown"]))) == {False}:
        check(f"{name}: nobody can deliver", headline.startswith("no sender can deliver"), headline)
    else:
        check_names(name, headline, "cannot deliver:", of["lost"])
        check_names(name, headline, "cannot always deliver:", of["at risk"])
        check_equal(f"{name}: cleartext", "in cleartext" in headline, bool(of["clear"]))
        check_equal(f"{name}: encryption", bool(re.search("mail is encrypted|others encrypt", headline)), bool(of["good"]))


# Said where the policy that is published is not in order, and never otherwise.
POLICY = {"record_invalid": "the MTA-STS record is not valid", "fetch_failed": "the MTA-STS policy could not be fetched",
          "certificate_invalid": "the certificate of the MTA-STS policy host fails", "policy_invalid": "the MTA-STS policy is not valid"}


def check_policy(name, headline, row):
    state = (row["mta_sts"] or {}).get("state")
    for other, words in POLICY.items():
        check(f"{name}: policy {other}", (words in headline) == (state == other), (headline, state))


def check_effects(name, effects, of):
    failing = of["lost"] | of["at risk"] | of["clear"]
    check(f"{name}: nothing only where nothing fails", "- Nothing:" not in effects or not failing, effects)
    check(f"{name}: who fails is spoken of", not failing or re.search("- (Every|S|Mail)", effects), effects)
    of_all = re.findall(r"- (Every sender(?![^:]* comes to )[^:]*:[^-]*?) At (?!the only address\.|all \d+ addresses\.)", effects)
    check(f"{name}: of all senders only what holds at all addresses", not of_all, effects)
    if CERTAIN.search(effects):
        check(f"{name}: no sender is unknown where all are spoken of", not of["unknown"], (effects, of["unknown"]))
        check(f"{name}: no sender is well where all fail", not of["good"], (effects, of["good"]))


def check_reports(out, rows):
    """The reports on all domains of the results in `out`, whose rows these are."""
    wanted = [row for row in rows if row["domain"] and not row["duplicate_of"]]
    done = run("show", out, "-", input="".join(row["domain"] + "\n" for row in wanted))
    check_equal("show: exit code", (done.returncode, done.stderr), (0, ""))
    reports = done.stdout.decode().rstrip("\n").split("\n\n\n")
    if not check_equal("show: a report for each", len(reports), len(wanted)):
        return
    for row, report in zip(wanted, reports):
        parts = report.split("\n\n")
        begin = re.match(re.escape(row["domain"]) + r": (?:nothing to fix|not tested|\d[^:]*): (.*)", unwrapped(parts[0]))
        not_dialled = row["account_reason"] == "implicit_not_dialled"
        if not_dialled:
            check(f"{row['domain']}: is not tested, as it has no MX record", begin and "no MX record" in begin.group(1), parts[0])
        elif check(f"{row['domain']}: begins with its name and the counts", begin, parts[0]):
            of = senders(row)
            check_headline(row["domain"], begin.group(1), of)
            if re.search("encrypt|cleartext|cannot", begin.group(1)) and any(of[f] for f in ("at risk", "clear", "good")):
                check_policy(row["domain"], begin.group(1), row)
            effects = [unwrapped(part) for part in parts if part.startswith("What fails for whom")]
            check_effects(row["domain"], effects[0] if effects else "", of if effects else senders({"outcomes": None}))
