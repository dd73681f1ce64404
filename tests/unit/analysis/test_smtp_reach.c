#include <string.h>

#include <criterion/criterion.h>

#include "scanner/analysis/smtp_reach.h"

static void add(struct scan_counts *c, uint16_t port, enum session_outcome outcome, unsigned times)
{
    const struct seen_session session = {.outcome = outcome};
    const struct seen_service s = {.port = port,
                                   .result = outcome == OUTCOME_NOT_TESTED ? NULL : &session};
    for (unsigned i = 0; i < times; i++) {
        counts_add_service(c, &s);
    }
}

Test(smtp_reach, nothing_is_said_of_targets_when_no_session_of_many_came_to_a_conclusion)
{
    static const struct {
        const char *what;
        struct {
            uint16_t port;
            enum session_outcome outcome;
            unsigned times;
        } met[3];
        bool open; /* a host of --self-test greeted us */
        bool says_nothing;
        bool doubtful;
        const char *text; /* inside the line; NULL: none is due */
    } rows[] = {
        {"port closed", {{25, OUTCOME_CONNECT_TIMEOUT, 10}}, false, true, false, "none of 10"},
        {"rejected by a firewall", {{25, OUTCOME_REFUSED, 12}}, false, true, false, "none of 12"},
        {"no way out",
         {{25, OUTCOME_LOCAL_FAULT, 4}, {25, OUTCOME_UNREACHABLE, 6}},
         false,
         true,
         false,
         "none of 10"},
        {"a middlebox, or they, take all connections",
         {{25, OUTCOME_GREETING_CLOSED, 10}},
         false,
         false,
         true,
         "though 10 of 10 took the connection"},
        {"one of many takes it",
         {{25, OUTCOME_CONNECT_TIMEOUT, 11}, {25, OUTCOME_GREETING_CLOSED, 1}},
         false,
         false,
         true,
         "though 1 of 12 took the connection"},
        {"connected, silent or no SMTP",
         {{25, OUTCOME_GREETING_TIMEOUT, 5}, {25, OUTCOME_NOT_SMTP, 5}},
         false,
         false,
         true,
         "though 10 of 10 took the connection"},
        {"they take all, open port", {{25, OUTCOME_GREETING_CLOSED, 10}}, true, false, false, NULL},
        {"all refuse us",
         {{25, OUTCOME_GREETING_REJECTED, 9}, {25, OUTCOME_CONNECT_TIMEOUT, 3}},
         false,
         true,
         false,
         "of 12 mail servers dialled on port 25, 9 answered"},
        {"one speaks",
         {{25, OUTCOME_CONNECT_TIMEOUT, 5000}, {25, OUTCOME_ESTABLISHED, 1}},
         false,
         false,
         false,
         NULL},
        {"one speaks without TLS",
         {{25, OUTCOME_CONNECT_TIMEOUT, 50}, {25, OUTCOME_STARTTLS_NOT_OFFERED, 1}},
         false,
         false,
         false,
         NULL},
        {"dead targets, open port", {{25, OUTCOME_CONNECT_TIMEOUT, 50}}, true, false, false, NULL},
        {"few, silent", {{25, OUTCOME_CONNECT_TIMEOUT, 9}}, false, false, true, "9 dialled"},
        {"few, silent, open port", {{25, OUTCOME_CONNECT_TIMEOUT, 9}}, true, false, false, NULL},
        {"few, one refuses us",
         {{25, OUTCOME_CONNECT_TIMEOUT, 2}, {25, OUTCOME_GREETING_REJECTED, 1}},
         false,
         false,
         false,
         NULL},
        {"nothing dialled", {{25, OUTCOME_NOT_TESTED, 40}}, false, false, false, NULL},
        {"not tested does not count",
         {{25, OUTCOME_NOT_TESTED, 40}, {25, OUTCOME_REFUSED, 9}},
         false,
         false,
         true,
         "9 dialled"},
        {"another port", {{587, OUTCOME_CONNECT_TIMEOUT, 40}}, false, false, false, NULL},
        {"other ports do not show that 25 is open",
         {{587, OUTCOME_ESTABLISHED, 40}, {25, OUTCOME_CONNECT_TIMEOUT, 40}},
         false,
         true,
         false,
         "none of 40"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static const uint16_t ports[] = {587, 25};
        struct scan_counts c;
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        counts_init(&c, ports, 2);
        for (size_t k = 0; k < 3 && rows[i].met[k].port != 0; k++) {
            add(&c, rows[i].met[k].port, rows[i].met[k].outcome, rows[i].met[k].times);
        }
        struct smtp_reach reach = smtp_reach_of(&c);
        cr_assert_eq(smtp_reach_says_nothing(&reach, rows[i].open), rows[i].says_nothing, "%s",
                     rows[i].what);
        cr_assert_eq(smtp_reach_is_doubtful(&reach, rows[i].open), rows[i].doubtful, "%s",
                     rows[i].what);
        if (rows[i].text != NULL) {
            smtp_reach_put_text(&text, &reach);
            buf_put_char(&text, '\0');
            cr_assert_not_null(strstr((const char *)text.at, rows[i].text), "%s: %s", rows[i].what,
                               (const char *)text.at);
        }
        buf_deinit(&text);
        counts_deinit(&c);
    }
}
