/**
 * What happens to the desk of questions in desk_scenarios.txt (scenario.h tells the form):
 *
 *     no second pass    (before the first event)
 *     asks OWNER TAG TYPE NAME
 *     answer TYPE NAME STATE [since MS]      to a question that was asked; it began at MS
 *     time MS           goes on until then
 *     waits             says how long the last pause takes
 *     weather STATE [clear MS]               MS: ends before are believed
 *     outage FROM [TO]
 *
 * "passes" is an answer that the desk does not keep.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/owners/question_desk.h"
#include "tests/unit/owners/stage.h"

#define PAUSE_MS 1000

struct desk_world {
    struct weather_view weather;
    struct wheel wheel;
    struct question_desk desk;
    struct owner_out out; /* of the owners that ask */
    struct desk_asked {
        uint8_t asker;
        uint64_t tag;
        uint16_t type;
        char name[64];
    } asked[16];
    size_t asked_count;
};

static void desk_world_init(void *world)
{
    struct desk_world *w = world;
    *w = (struct desk_world){.weather = {.state = WEATHER_FAIR, .clear_until_ms = UINT64_MAX}};
    wheel_init(&w->wheel, 0, 20);
    owner_out_init(&w->out);
    question_desk_init(&w->desk, PAUSE_MS, &w->weather, &w->wheel);
}

static void desk_world_deinit(void *world)
{
    struct desk_world *w = world;
    question_desk_deinit(&w->desk);
    owner_out_deinit(&w->out);
}

static const char *const owners[] = {
    [OWNER_DOMAIN] = "domain", [OWNER_HOST] = "host", [OWNER_SERVICE] = "service"};

static uint8_t owner_of(const char *word)
{
    uint8_t kind = 0;
    while (strcmp(owners[kind], word) != 0) {
        cr_assert_lt(kind, OWNER_SERVICE, "no owner '%s'", word);
        kind++;
    }
    return kind;
}

static uint16_t type_of(const char *word)
{
    return strcmp(word, "MX") == 0 ? DNS_TYPE_MX : DNS_TYPE_A;
}

static void say_desk_commands(struct desk_world *w)
{
    struct owner_question q;
    for (struct span in = buf_span(&w->desk.to_resolver); owner_question_next(&in, &q);) {
        struct desk_asked *a = &w->asked[w->asked_count++];
        *a = (struct desk_asked){.asker = q.asker, .tag = q.tag, .type = q.type};
        (void)snprintf(a->name, sizeof(a->name), "%.*s", TEXT(q.name));
        say("  ask %s %s\n", q.type == DNS_TYPE_MX ? "MX" : "A", a->name);
    }
    for (struct span in = buf_span(&w->desk.to_owners); in.len > 0;) {
        struct desk_failure f;
        codec_get_octets(&in, &f, sizeof(f));
        say("  %s %s %llu%s%s\n", f.late ? "late" : "tell", owners[f.asker],
            (unsigned long long)f.tag, f.late ? "" : " ",
            f.late ? "" : dns_state_word((enum dns_state)f.answer.seen.state));
    }
    buf_reset(&w->desk.to_resolver);
    buf_reset(&w->desk.to_owners);
}

static void answer_event(struct desk_world *w, char *const *word, size_t count)
{
    size_t i = 0;
    while (w->asked[i].type != type_of(word[1]) || strcmp(w->asked[i].name, word[2]) != 0) {
        cr_assert_lt(i + 1, w->asked_count, "%s was not asked", word[2]);
        i++;
    }
    struct desk_asked a = w->asked[i];
    memmove(&w->asked[i], &w->asked[i + 1], (--w->asked_count - i) * sizeof(a));
    struct dns_answer answer = {.seen = {.state = stage_dns_state(word[3])},
                                .name = span_of(a.name),
                                .type = a.type,
                                .begun_ms = count > 5 ? (uint64_t)atoll(word[5]) : w->desk.now_ms};
    if (question_desk_answer(&w->desk, &a.asker, &a.tag, &answer)) {
        say("  passes %s %llu %s\n", owners[a.asker], (unsigned long long)a.tag, word[3]);
    }
}

static void time_event(struct desk_world *w, uint64_t ms)
{
    struct wheel_timer *due;
    w->desk.now_ms = ms;
    while ((due = wheel_turn(&w->wheel, ms)) != NULL) {
        due->on_due(due);
    }
    question_desk_look(&w->desk);
}

static void weather_event(struct desk_world *w, char *const *word, size_t count)
{
    static const char *const states[WEATHER_STATE_COUNT] = {"fair", "suspicious", "away", "lost"};
    size_t i = 0;
    while (strcmp(states[i], word[1]) != 0) {
        cr_assert_lt(++i, WEATHER_STATE_COUNT, "no weather '%s'", word[1]);
    }
    w->weather.state = (enum weather_state)i;
    w->weather.clear_until_ms = count > 3 ? (uint64_t)atoll(word[3]) : w->weather.clear_until_ms;
    question_desk_look(&w->desk);
}

static void desk_event(void *world, char *const *word, size_t count)
{
    struct desk_world *w = world;
    if (strcmp(word[0], "no") == 0) {
        w->desk.pause_ms = 0;
    } else if (strcmp(word[0], "asks") == 0) {
        owner_question_put(&w->out.questions, (enum owner_kind)owner_of(word[1]),
                           (uint64_t)atoll(word[2]), type_of(word[3]), "", span_of(word[4]));
        struct owner_question q;
        struct span in = buf_span(&w->out.questions);
        cr_assert(owner_question_next(&in, &q));
        question_desk_ask(&w->desk, &q);
        buf_reset(&w->out.questions);
    } else if (strcmp(word[0], "answer") == 0) {
        answer_event(w, word, count);
    } else if (strcmp(word[0], "time") == 0) {
        time_event(w, (uint64_t)atoll(word[1]));
    } else if (strcmp(word[0], "waits") == 0) {
        say("  %llu\n", (unsigned long long)question_desk_waiting_ms(&w->desk));
    } else if (strcmp(word[0], "outage") == 0) {
        w->weather.outages[0] = (struct weather_outage){
            .from_ms = (uint64_t)atoll(word[1]), .to_ms = count > 2 ? (uint64_t)atoll(word[2]) : 0};
        w->weather.outage_count = 1;
    } else {
        cr_assert_str_eq(word[0], "weather", "no event");
        weather_event(w, word, count);
    }
    say_desk_commands(w);
}

static const struct scenario_form form = {.file = "desk_scenarios.txt",
                                          .init = desk_world_init,
                                          .deinit = desk_world_deinit,
                                          .event = desk_event};

Test(question_desk, scenarios)
{
    static struct desk_world w;
    size_t count = scenarios_run(&form, &w);
    cr_assert_geq(count, 19, "%zu scenarios were read", count);
}
