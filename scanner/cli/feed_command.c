#include <stdio.h>

#include "scanner/base/clock.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/fleet_option.h"
#include "scanner/cli/messages.h"
#include "scanner/pipeline/feeding.h"
#include "scanner/pipeline/input_look.h"

static void feed_say(void *arg, const char *line)
{
    struct messages to_stderr;
    (void)arg;
    (void)messages_init(&to_stderr, NULL);
    messages_say(&to_stderr, span_of(line), 0);
}

static enum exit_code feed_exit_code(enum scan_end end)
{
    return end == SCAN_END_COMPLETE ? EXIT_CODE_COMPLETE
           : end == SCAN_END_USAGE  ? EXIT_CODE_USAGE
                                    : EXIT_CODE_FATAL;
}

enum exit_code feed_command(struct options *o, struct buf *why)
{
    struct fleet_topics topics;
    struct fleet_terms terms;
    fleet_terms_init(&terms);
    o->params.feeds = true;
    terms.parts = o->fleet_parts;
    terms.members = o->fleet_members;
    terms.silent_after = o->fleet_silent_after;
    (void)snprintf(terms.version, sizeof(terms.version), "%s", MXCENSUS_VERSION);
    if (!fleet_topics_init(&topics, o->fleet_scan, why) || !input_look(&o->params, why) ||
        !fleet_option_put_files(o, &terms.files, why)) {
        fleet_terms_deinit(&terms);
        return EXIT_CODE_USAGE;
    }
    if (!fleet_option_put_words(o, &terms)) {
        if (terms.word_count == TERMS_WORDS_MAX) {
            buf_putf(why, "too many options: %d at most", TERMS_WORDS_MAX);
        } else {
            buf_put_text(why, "the value of an option is not UTF-8, as which all members read it");
        }
        fleet_terms_deinit(&terms);
        return EXIT_CODE_USAGE;
    }
    const struct feeding feeding = {.params = &o->params,
                                    .kafka = fleet_option_kafka(o),
                                    .scan = o->fleet_scan,
                                    .topics = &topics,
                                    .terms = &terms,
                                    .at = o->at_given ? INT64_MIN : clock_unix_ms() / 1000,
                                    .say = feed_say};
    enum exit_code code = feed_exit_code(feeding_run(&feeding, why));
    fleet_terms_deinit(&terms);
    return code;
}
