#include <criterion/criterion.h>

#include "scanner/owners/weather.h"

#define LOOK     20      /* ms, as the coordinator does */
#define LOST_MS  120000U /* of these tests, as the next */
#define FIRST_MS 30000U

/* What is really so, from `at_ms` on: networks that end a second, and what the probes meet. */
struct phase {
    uint64_t until_ms;
    unsigned good;
    unsigned bad;
    bool works; /* who answered does so still */
};

/* What came of it. */
struct story {
    struct weather w;
    uint64_t now;
    unsigned rounds;
    unsigned began;
    unsigned ended;
    unsigned heard;
    unsigned gave_up;
    uint64_t began_ms;
    uint64_t ended_ms;
    uint64_t gave_up_ms;
    uint64_t believed_bad; /* bad ends of `works` false that were believed */
    uint64_t void_bad;     /* bad ends of `works` true that are void */
    uint64_t held_bad;     /* of which nothing is known at the end */
};

/* Networks that end, each another one than before. */
static void note_ends(struct weather *w, uint32_t good, uint32_t bad)
{
    static uint64_t hash;
    for (uint32_t i = 0; i < good + bad; i++) {
        const struct weather_networks none = {0};
        const struct weather_networks one = {1, {hash++}};
        weather_know_networks(w, i < good ? &one : &none, i < good ? &none : &one);
    }
    weather_note(w, good, bad);
}

/* What those say that are asked: dead ones nothing, ever; so in a phase in which all ends are bad. */
static bool asked_answer(const struct story *s, const struct phase *p)
{
    return p->works && (!s->w.view.first || p->good > 0);
}

static void note(struct story *s, enum weather_step step, const struct phase *p)
{
    bool answer = asked_answer(s, p);
    switch (step) {
    case WEATHER_QUIET:
        return;
    case WEATHER_PROBE:
        s->rounds++;
        weather_note_probes(&s->w, s->w.round, 3, answer ? 3 : 0, answer ? 0 : 3);
        return;
    case WEATHER_BEGAN:
        s->began++;
        s->began_ms = s->now;
        return;
    case WEATHER_ENDED:
        s->ended++;
        s->ended_ms = s->now;
        return;
    case WEATHER_HEARD:
        s->heard++;
        return;
    case WEATHER_GAVE_UP:
        s->gave_up++;
        s->gave_up_ms = s->now;
        return;
    }
}

#define HELD_MAX 4096

static struct {
    uint64_t ended_ms;
    bool works;
} held[HELD_MAX];

/* Bad ends are as long as connect timeouts are. */
static size_t judge_held(struct story *s, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        enum weather_word word =
            weather_judge(&s->w.view, held[i].ended_ms - 10000, held[i].ended_ms, false);
        s->believed_bad += word == WEATHER_BELIEVED && !held[i].works;
        s->void_bad += word == WEATHER_VOID && held[i].works;
        if (word == WEATHER_WAIT) {
            held[kept++] = held[i];
        }
    }
    return kept;
}

static struct story tell(const struct phase *phases, size_t count)
{
    struct story s = {.now = 1000000};
    uint64_t start = s.now;
    size_t waiting = 0;
    weather_init(&s.w, start, LOST_MS, FIRST_MS);
    for (size_t i = 0; i < count; i++) {
        const struct phase *p = &phases[i];
        for (; s.now < start + p->until_ms; s.now += LOOK) {
            uint64_t at = s.now % 1000 / LOOK;    /* spread over the second */
            if (s.w.view.state == WEATHER_FAIR) { /* else nothing is dialled */
                unsigned good = (unsigned)((at + 1) * p->good / 50 - at * p->good / 50);
                unsigned bad = (unsigned)((at + 1) * p->bad / 50 - at * p->bad / 50);
                note_ends(&s.w, good, bad);
                for (unsigned k = 0; k < bad && waiting < HELD_MAX; k++) {
                    held[waiting].ended_ms = s.now;
                    held[waiting++].works = p->works;
                }
            }
            note(&s, weather_look(&s.w, s.now), p);
            waiting = judge_held(&s, waiting);
        }
    }
    s.held_bad = waiting;
    s.began_ms -= s.began > 0 ? start : 0;
    s.ended_ms -= s.ended > 0 ? start : 0;
    s.gave_up_ms -= s.gave_up > 0 ? start : 0;
    return s;
}

#define TELL(...)                             \
    tell((const struct phase[]){__VA_ARGS__}, \
         sizeof((const struct phase[]){__VA_ARGS__}) / sizeof(struct phase))

/* until ms, good and bad networks a second, what answered answers still */
static const struct {
    const char *name;
    struct phase phases[4];
    unsigned outages;
    unsigned rounds_max;
} stories[] = {
    {"a usual list", {{300000, 80, 20, true}}, 0, 0},
    {"a list of which half never answers", {{300000, 50, 50, true}}, 0, 30},
    {"few ends", {{300000, 2, 1, true}}, 0, 0},
    {"the network goes away for a minute",
     {{60000, 80, 20, true}, {120000, 0, 100, false}, {300000, 80, 20, true}},
     1,
     14},
    {"it goes away in the first seconds",
     {{3000, 80, 20, true}, {60000, 0, 100, false}, {300000, 80, 20, true}},
     1,
     14},
    {"it goes away for three seconds",
     {{60000, 80, 20, true}, {63000, 0, 100, false}, {300000, 80, 20, true}},
     1,
     3},
    {"it goes away with few ends a second",
     {{60000, 2, 1, true}, {120000, 0, 3, false}, {300000, 2, 1, true}},
     1,
     14},
    {"a fifth of packets is lost: no outage",
     {{60000, 80, 20, true}, {300000, 60, 40, true}},
     0,
     0},
    /* Innocents: 100,000 names of a dead operator on one network are one network. */
    {"an operator dies", {{60000, 80, 20, true}, {300000, 79, 21, true}}, 0, 0},
    {"a list sorted by deadness", {{60000, 100, 0, true}, {660000, 0, 100, true}}, 0, 24},
    {"the other way round", {{600000, 0, 100, true}, {660000, 100, 0, true}}, 0, 6},
    {"a family that never answered", {{600000, 0, 100, false}}, 0, 6},
    {"two networks that never answered", {{600000, 0, 2, false}}, 0, 6},
    {"it is away when the first are asked, for eight seconds",
     {{8000, 0, 100, false}, {300000, 80, 20, true}},
     1,
     3},
    {"so with few ends a second", {{12000, 0, 3, false}, {300000, 2, 1, true}}, 1, 4},
    {"it goes away in a run of dead targets, which ends",
     {{60000, 100, 0, true},
      {160000, 0, 100, true},
      {220000, 0, 100, false},
      {300000, 100, 0, true}},
     1,
     30},
};

Test(weather, tells_outages_from_dead_targets)
{
    for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
        size_t count = 0;
        while (count < 4 && stories[i].phases[count].until_ms > 0) {
            count++;
        }
        struct story s = tell(stories[i].phases, count);
        cr_expect_eq(s.began, stories[i].outages, "%s: %u outages", stories[i].name, s.began);
        cr_expect_eq(s.ended, stories[i].outages, "%s: %u ended", stories[i].name, s.ended);
        cr_expect_leq(s.rounds, stories[i].rounds_max, "%s: %u rounds of probes", stories[i].name,
                      s.rounds);
        cr_expect_eq(s.w.view.state, WEATHER_FAIR, "%s", stories[i].name);
    }
}

Test(weather, blames_nobody_in_an_outage)
{
    struct story s = TELL({60000, 80, 20, true}, {120000, 0, 100, false}, {300000, 80, 20, true});
    cr_expect_eq(s.believed_bad, 0, "%lu", (unsigned long)s.believed_bad);
    cr_expect_leq(s.void_bad, 20 * 13,
                  "those of the seconds before it may be asked again, no others: %lu",
                  (unsigned long)s.void_bad);
    cr_expect_leq(s.began_ms, 60000 + 3 * WEATHER_SLOT_MS + 5 * LOOK, "%lu",
                  (unsigned long)s.began_ms);
    cr_expect_leq(s.ended_ms, 120000 + WEATHER_EVERY_MS + 2000, "%lu", (unsigned long)s.ended_ms);
    s = TELL({3000, 80, 20, true}, {60000, 0, 100, false}, {300000, 80, 20, true});
    cr_expect_eq(s.believed_bad, 0, "in the first seconds: %lu", (unsigned long)s.believed_bad);
}

Test(weather, blames_nobody_in_an_outage_before_the_first_answer)
{
    struct story s = TELL({8000, 0, 100, false}, {60000, 80, 20, true});
    cr_expect_eq(s.believed_bad, 0, "%lu", (unsigned long)s.believed_bad);
    cr_expect_leq(s.ended_ms, 8000 + WEATHER_EVERY_MS, "%lu", (unsigned long)s.ended_ms);
}

Test(weather, believes_at_once_where_nobody_answered_for_a_while)
{
    uint64_t bound = FIRST_MS;
    struct story s = TELL({bound - 1000, 0, 100, true});
    cr_expect_geq(s.held_bad, 1, "not before");
    cr_expect_eq(s.believed_bad, 0);
    s = TELL({bound + 10000, 0, 100, true});
    uint64_t just_now = s.now - 2 * WEATHER_SLOT_MS;
    cr_expect_eq(weather_judge(&s.w.view, just_now - 10000, just_now, false), WEATHER_UNHEARD,
                 "of so many it may be us");
    cr_expect_eq(s.void_bad, 0, "of a list of dead servers nobody is asked again");
    cr_expect_leq(s.held_bad, 100, "but those of this second: %lu", (unsigned long)s.held_bad);
}

/* An outage that was there before the first answer, and lasts for longer than anybody is waited for. Few are blamed: those
 * that ended before the first alarm, if no more did until it was over. */
Test(weather, blames_nobody_in_a_long_outage_before_the_first_answer)
{
    static const uint64_t lasts[] = {20000, FIRST_MS + 5000, FIRST_MS + 60000, 600000};
    for (size_t i = 0; i < sizeof(lasts) / sizeof(lasts[0]); i++) {
        struct story s = TELL({lasts[i], 0, 100, false}, {lasts[i] + 60000, 80, 20, true});
        cr_expect_lt(s.believed_bad, WEATHER_FAMILY_MIN, "%lu ms: those of the first alarm: %lu",
                     (unsigned long)lasts[i], (unsigned long)s.believed_bad);
        cr_expect_eq(s.heard, lasts[i] > FIRST_MS, "%lu ms", (unsigned long)lasts[i]);
        cr_expect_eq(s.ended, lasts[i] < FIRST_MS, "%lu ms", (unsigned long)lasts[i]);
        cr_expect_eq(weather_judge(&s.w.view, s.now - 20000, s.now - 10000, false),
                     WEATHER_BELIEVED, "then all is as always");
    }
}

/* Of some dead servers, as a `check` may be about, nobody says that it is us. */
Test(weather, few_that_never_answer_are_believed)
{
    struct weather w;
    uint64_t now = 1000;
    weather_init(&w, now, LOST_MS, FIRST_MS);
    note_ends(&w, 0, WEATHER_FAMILY_MIN - 1);
    for (; now < 1000 + 2 * FIRST_MS; now += LOOK) {
        if (weather_look(&w, now) == WEATHER_PROBE) {
            weather_note_probes(&w, w.round, 3, 0, 3);
        }
    }
    cr_expect_eq(weather_judge(&w.view, 900, 1000, false), WEATHER_BELIEVED);
    note_ends(&w, 0, 1);
    cr_expect_eq(weather_judge(&w.view, 900, 1000, false), WEATHER_UNHEARD, "one more are many");
}

/* Two dead ones are no alarm: they are believed after the window, as always. */
Test(weather, few_dead_ones_are_not_held_for_long)
{
    struct weather w;
    uint64_t now = 1000;
    weather_init(&w, now, LOST_MS, FIRST_MS);
    note_ends(&w, 0, 2);
    for (; weather_judge(&w.view, 0, 1000, false) != WEATHER_BELIEVED && now < 60000; now += LOOK) {
        cr_assert_eq(weather_look(&w, now), WEATHER_QUIET);
    }
    cr_expect_leq(now, 1000 + (WEATHER_SLOTS + 2) * WEATHER_SLOT_MS, "%lu", (unsigned long)now);
}

/* The first to end are dead, as they are quicker: the others answer. */
Test(weather, the_first_alarm_ends_when_others_answer)
{
    static const struct {
        uint32_t answered;
        enum weather_step step;
    } cases[] = {{0, WEATHER_QUIET}, {1, WEATHER_BEGAN}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct weather w;
        uint64_t now = 1000;
        weather_init(&w, now, LOST_MS, FIRST_MS);
        note_ends(&w, 0, 3);
        cr_assert_eq(weather_look(&w, now), WEATHER_PROBE);
        cr_expect(w.view.first);
        note_ends(&w, 5, 0);
        weather_note_probes(&w, w.round, 3, 0, 3);
        now += WEATHER_SLOT_MS;
        cr_expect_eq(weather_look(&w, now), WEATHER_PROBE, "these were asked before, perhaps");
        weather_note_probes(&w, w.round, 3, cases[i].answered, 3 - cases[i].answered);
        now += WEATHER_SLOT_MS;
        cr_expect_eq(weather_look(&w, now), cases[i].step, "%zu", i);
        (void)weather_look(&w, now + LOOK);
        cr_expect_eq(w.view.state, WEATHER_FAIR);
        cr_expect_not(w.view.first);
        cr_expect_eq(weather_judge(&w.view, 900, 1000, false), WEATHER_VOID,
                     "nobody knows of those who were not asked: %zu", i);
        cr_expect_eq(weather_judge(&w.view, now + LOOK, now + LOOK, false), WEATHER_WAIT);
    }
}

/* A server of --self-test, or the root of DNS: how long it lasts does not matter then. */
Test(weather, asks_whom_the_self_test_met_before_the_first_answer)
{
    struct weather w;
    uint64_t now = 1000;
    weather_init(&w, now, LOST_MS, FIRST_MS);
    weather_know_witness(&w);
    note_ends(&w, 0, 3);
    cr_assert_eq(weather_look(&w, now), WEATHER_PROBE);
    cr_expect_not(w.view.first, "not those who failed");
    weather_note_probes(&w, w.round, 1, 0, 1);
    now += WEATHER_SLOT_MS;
    cr_assert_eq(weather_look(&w, now), WEATHER_BEGAN);
    for (; now < 1000 + 3 * FIRST_MS; now += LOOK) {
        (void)weather_look(&w, now);
        cr_assert_eq(w.view.state, WEATHER_AWAY, "at %lu", (unsigned long)now);
    }
    cr_expect_eq(weather_judge(&w.view, 900, 1000, false), WEATHER_WAIT);
    weather_note_probes(&w, w.round, 1, 1, 0);
    now += WEATHER_SLOT_MS;
    cr_expect_eq(weather_look(&w, now), WEATHER_ENDED);
    cr_expect_eq(weather_judge(&w.view, 900, 1000, false), WEATHER_VOID);
}

/* Port 25 is closed for us over one family. Of a few, or while the other family does not answer either, nobody knows. */
Test(weather, a_family_that_never_answered_is_lost_when_the_other_one_works)
{
    static const struct {
        uint32_t bad;
        uint32_t others;
        bool lost;
    } rows[] = {{10, 10, true}, {9, 10, false}, {10, 9, false}, {100, 0, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct weather w;
        struct weather other;
        uint64_t start = 1000;
        weather_init(&w, start, LOST_MS, FIRST_MS);
        weather_init(&other, start, LOST_MS, FIRST_MS);
        note_ends(&w, 0, rows[i].bad);
        note_ends(&other, rows[i].others, 0);
        for (uint64_t now = start; now < start + 2 * FIRST_MS; now += LOOK) {
            weather_compare(&other, &w);
            enum weather_step step = weather_look(&w, now);
            cr_expect(step != WEATHER_BEGAN || now >= start + FIRST_MS, "row %zu: soon", i);
            if (step == WEATHER_PROBE) {
                weather_note_probes(&w, w.round, 3, 0, 3);
            }
        }
        cr_expect_eq(w.view.state, rows[i].lost ? WEATHER_LOST : WEATHER_FAIR, "row %zu", i);
        cr_expect_eq(weather_judge(&w.view, start, start, false),
                     rows[i].lost                        ? WEATHER_VOID
                     : rows[i].bad >= WEATHER_FAMILY_MIN ? WEATHER_UNHEARD
                                                         : WEATHER_BELIEVED,
                     "row %zu", i);
    }
}

/* Once in each of 30 slots, as a dead server with many names is. */
Test(weather, one_network_is_not_many_however_often_it_ends)
{
    static const struct weather_networks none = {0};
    static const struct weather_networks one = {1, {7}};
    for (int bad = 0; bad <= 1; bad++) {
        struct weather w;
        struct weather other;
        weather_init(&w, 1000, LOST_MS, FIRST_MS);
        weather_init(&other, 1000, LOST_MS, FIRST_MS);
        note_ends(bad ? &other : &w, bad ? 10 : 0, bad ? 0 : 10);
        for (uint64_t now = 1000; now < 1000 + 2 * FIRST_MS; now += LOOK) {
            if (now % WEATHER_SLOT_MS == 0) {
                weather_know_networks(bad ? &w : &other, bad ? &none : &one, bad ? &one : &none);
                weather_note(bad ? &w : &other, bad ? 0 : 1, bad ? 1 : 0);
            }
            weather_compare(&other, &w);
            if (weather_look(&w, now) == WEATHER_PROBE) {
                weather_note_probes(&w, w.round, 1, 0, 1);
            }
            cr_assert_neq(w.view.state, WEATHER_LOST, "%s", bad ? "one bad" : "one good");
            cr_assert(!bad || !w.view.unheard);
        }
        cr_expect_eq(weather_judge(&w.view, 900, 1000, false),
                     bad ? WEATHER_BELIEVED : WEATHER_UNHEARD);
    }
}

/* It greeted and was cut later on, which is noticed when its timeout is over: in the first alarm. */
Test(weather, a_witness_that_comes_late_is_asked_instead_of_those_who_failed)
{
    struct weather w;
    uint64_t now = 1000;
    weather_init(&w, now, LOST_MS, FIRST_MS);
    note_ends(&w, 0, 3);
    cr_assert_eq(weather_look(&w, now), WEATHER_PROBE);
    cr_assert(w.view.first);
    weather_know_witness(&w);
    now += LOOK;
    cr_assert_eq(weather_look(&w, now), WEATHER_PROBE);
    cr_expect_not(w.view.first);
    weather_note_probes(&w, w.round, 1, 0, 1);
    now += WEATHER_SLOT_MS;
    cr_expect_eq(weather_look(&w, now), WEATHER_BEGAN);
    cr_expect_eq(weather_judge(&w.view, 900, 1000, false), WEATHER_WAIT);
}

Test(weather, who_answered_before_the_first_failures_clears_us)
{
    struct weather w;
    uint64_t now = 1000;
    weather_init(&w, now, LOST_MS, FIRST_MS);
    weather_know_witness(&w);
    note_ends(&w, 0, 100);
    cr_assert_eq(weather_look(&w, now), WEATHER_PROBE);
    weather_note_probes(&w, w.round, 1, 1, 0);
    now += WEATHER_SLOT_MS;
    (void)weather_look(&w, now);
    cr_expect_eq(w.view.state, WEATHER_FAIR);
    cr_expect_eq(weather_judge(&w.view, 900, 999, false), WEATHER_BELIEVED);
}

/* A server that was silent for as long as the network was away answers a probe of an older round. */
Test(weather, a_late_answer_counts_in_the_round_in_which_it_comes)
{
    struct weather w;
    uint64_t now = 1000;
    weather_init(&w, now, LOST_MS, FIRST_MS);
    note_ends(&w, 0, 3);
    cr_assert_eq(weather_look(&w, now), WEATHER_PROBE);
    weather_note_probes(&w, w.round, 3, 0, 0);
    for (now += LOOK; weather_look(&w, now) != WEATHER_PROBE; now += LOOK) {
        cr_assert_lt(now, 60000U);
    }
    weather_note_probes(&w, w.round, 0, 1, 0); /* nobody else can be asked now */
    now += WEATHER_SLOT_MS;
    (void)weather_look(&w, now);
    cr_expect_eq(w.view.state, WEATHER_AWAY);
    (void)weather_look(&w, now + LOOK);
    cr_expect_eq(w.view.state, WEATHER_FAIR);
    cr_expect_eq(weather_judge(&w.view, 900, 1000, false), WEATHER_VOID);
}

Test(weather, gives_up_when_it_lasts)
{
    struct story s = TELL({60000, 80, 20, true}, {600000, 0, 100, false});
    cr_expect_eq(s.gave_up, 1);
    cr_expect_eq(s.ended, 0);
    cr_expect_geq(s.gave_up_ms, 55000 + LOST_MS);
    cr_expect_leq(s.gave_up_ms, 61000 + LOST_MS, "%lu", (unsigned long)s.gave_up_ms);
    cr_expect_eq(s.w.view.state, WEATHER_LOST);
    cr_expect_eq(s.believed_bad, 0);
    cr_expect_eq(weather_judge(&s.w.view, s.now, s.now, false), WEATHER_VOID);
}

Test(weather, what_overlaps_an_outage_is_void)
{
    struct weather_view v = {.state = WEATHER_FAIR, .clear_until_ms = 9000};
    v.outages[0] = (struct weather_outage){.from_ms = 2000, .to_ms = 3000};
    v.outages[1] = (struct weather_outage){.from_ms = 5000, .to_ms = 6000};
    v.outage_count = 2;
    v.alarm_from_ms = 7000;
    v.alarm_to_ms = 7500;
    static const struct {
        uint64_t begun;
        uint64_t ended;
        bool ours;
        enum weather_word word;
    } cases[] = {
        {1000, 1999, false, WEATHER_BELIEVED}, {1000, 2000, false, WEATHER_VOID},
        {2999, 3500, false, WEATHER_VOID},     {3000, 4999, false, WEATHER_BELIEVED},
        {1000, 8000, false, WEATHER_VOID},     {5500, 5600, false, WEATHER_VOID},
        {6000, 6500, false, WEATHER_BELIEVED}, {6000, 8999, false, WEATHER_BELIEVED},
        {6000, 9000, false, WEATHER_WAIT},     {7000, 7100, true, WEATHER_VOID},
        {7000, 7100, false, WEATHER_BELIEVED}, {7000, 7500, true, WEATHER_BELIEVED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_expect_eq(weather_judge(&v, cases[i].begun, cases[i].ended, cases[i].ours),
                     cases[i].word, "%zu", i);
    }
    v.state = WEATHER_AWAY;
    v.outages[1].to_ms = 0;
    cr_expect_eq(weather_judge(&v, 1000, 2000, false), WEATHER_WAIT, "asked again when it is over");
}

/* Of the three that are asked one may have died a moment ago. */
Test(weather, half_of_the_probes_decide)
{
    static const struct {
        uint32_t asked, answered, failed;
        enum weather_state state;
    } cases[] = {
        {3, 2, 1, WEATHER_FAIR}, {3, 1, 2, WEATHER_AWAY}, {1, 1, 0, WEATHER_FAIR},
        {1, 0, 1, WEATHER_AWAY}, {2, 1, 1, WEATHER_FAIR}, {3, 0, 0, WEATHER_AWAY},
        {0, 0, 0, WEATHER_FAIR},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct weather w;
        uint64_t now = 1000;
        weather_init(&w, now, LOST_MS, FIRST_MS);
        note_ends(&w, 1, 0);
        for (; weather_look(&w, now) != WEATHER_PROBE; now += LOOK) {
            note_ends(&w, 0, 1);
        }
        weather_note_probes(&w, w.round - 1, 9, 9, 0); /* too late */
        weather_note_probes(&w, w.round, cases[i].asked, cases[i].answered, cases[i].failed);
        for (uint64_t until = now + (WEATHER_EMPTY_MAX + 1) * WEATHER_ROUND_MS;
             now <= until && w.view.state == WEATHER_SUSPICIOUS; now += LOOK) {
            (void)weather_look(&w, now);
        }
        cr_expect_eq(w.view.state, cases[i].state, "%zu", i);
    }
}

/* SIGSTOP, a suspended laptop. */
Test(weather, a_machine_that_stood_still_catches_up_at_once)
{
    struct weather w;
    weather_init(&w, 1000, LOST_MS, FIRST_MS);
    note_ends(&w, 5, 0);
    for (int i = 0; i < 3; i++) {
        (void)weather_look(&w, 1000 + (1ULL << 50));
    }
    cr_expect_geq(w.slot_ms, (1ULL << 50) - 10 * WEATHER_SLOT_MS);
    cr_expect_eq(w.view.state, WEATHER_FAIR);
}
