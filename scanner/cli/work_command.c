#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "scanner/base/file.h"
#include "scanner/base/unlinked_file.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/console.h"
#include "scanner/cli/fleet_option.h"
#include "scanner/cli/machine.h"
#include "scanner/cli/messages.h"
#include "scanner/cli/option_files.h"
#include "scanner/fleet/control.h"
#include "scanner/pipeline/member.h"

#define LOOK_MS   500
#define WORDS_MAX (TERMS_WORDS_MAX * 2 + 3)

static void work_say(const struct options *o, const char *line)
{
    struct messages to_stderr;
    if (!o->params.quiet) {
        (void)messages_init(&to_stderr, NULL);
        messages_say(&to_stderr, span_of(line), 0);
    }
}

/* --- terms ------------------------------------------------------------------------------------ */

/* @return 1: they are there; 0: not yet; -1 with one line in `why` */
static int look_for_terms(struct kafka *k, const struct kafka_params *p,
                          const struct fleet_topics *t, struct fleet_terms *terms, struct buf *why)
{
    struct control_state state;
    int there = kafka_partitions(k, t->name[FLEET_CONTROL], why);
    if (there <= 0) {
        return there;
    }
    if (!control_read(&state, p, t, why)) {
        control_state_deinit(&state);
        return -1;
    }
    const struct control_file *file = control_files_find(&state.files, FLEET_FEED, TERMS_FILE);
    int found = file != NULL ? 1 : 0;
    if (file != NULL) {
        size_t at = why->len;
        buf_put_text(why, "the terms of the scan ");
        bool ok = fleet_terms_read(terms, buf_span(&file->octets), why);
        why->len = ok ? at : why->len;
        found = ok ? 1 : -1;
    }
    control_state_deinit(&state);
    return found;
}

/* A signal ends it as it ends any program that has nothing to lose. */
static bool wait_for_terms(const struct options *o, const struct fleet_topics *t,
                           struct fleet_terms *terms, enum exit_code *code, struct buf *why)
{
    const struct kafka_params p = fleet_option_kafka(o);
    struct kafka *k = kafka_new(&p, NULL, NULL, why);
    *code = k == NULL ? EXIT_CODE_USAGE : EXIT_CODE_FATAL;
    bool ok = k != NULL && kafka_connect(k, KAFKA_CONNECT_MS, why);
    int found = 0;
    for (unsigned looks = 0; ok && found == 0; looks++) {
        found = look_for_terms(k, &p, t, terms, why);
        if (found == 0 && looks == 0) {
            char line[FLEET_NAME_MAX + 100];
            (void)snprintf(line, sizeof(line),
                           "--scan %s: it has no terms yet; waiting for mxcensus feed",
                           o->fleet_scan);
            work_say(o, line);
        }
        if (found == 0) {
            (void)usleep(LOOK_MS * 1000);
        }
    }
    kafka_free(k);
    return ok && found > 0;
}

/* They are foreign: what names a file to be written, say, is none. */
static bool is_term(const char *word)
{
    size_t len = strcspn(word + 2, "=");
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        if (option_is_of(row, COMMAND_FEED) && option_is_of(row, COMMAND_SCAN) &&
            row->group != OPTION_GROUP_OTHER && strlen(row->name) == len &&
            strncmp(row->name, word + 2, len) == 0) {
            return strcmp(row->name, "config") != 0 && strcmp(row->name, "input-file") != 0;
        }
    }
    return false;
}

static bool are_terms(const struct options *o, const struct fleet_terms *t, struct buf *why)
{
    for (size_t i = 0; i < t->word_count; i++) {
        if (!is_term(t->words[i])) {
            buf_putf(why, "--scan %s: its terms have '%s', which feed does not write",
                     o->fleet_scan, t->words[i]);
            return false;
        }
    }
    return true;
}

/* @return false with one line in `why` */
static bool terms_can_be_kept(const struct fleet_terms *t, const struct options *scan,
                              struct buf *why)
{
    struct buf files = BUF_INIT(BUF_NO_LIMIT);
    bool ok = fleet_option_put_files(scan, &files, why);
    if (ok && !span_eq(buf_span(&files), buf_span(&t->files))) {
        buf_put_text(why, "a file that an option of the scan names is another one on this machine "
                          "than where the list was fed: its SHA-256 differs");
        ok = false;
    }
    buf_deinit(&files);
    return ok;
}

/* --- the directory of what is no row ------------------------------------------------------------ */

static bool make_directory(char *path, size_t len, struct buf *why)
{
    (void)snprintf(path, len, "%s/mxcensus-work-XXXXXX", unlinked_file_folder());
    if (mkdtemp(path) == NULL) {
        buf_putf(why, "temporary directory %s: %s; set TMPDIR to another directory", path,
                 strerror(errno));
        return false;
    }
    return true;
}

/* --- the whole ---------------------------------------------------------------------------------- */

/* The most that a member has: one for each of its parts. */
static uint32_t threads_of_member(const struct fleet_terms *t)
{
    return (t->parts + t->members - 1) / t->members;
}

static enum exit_code run_member(const struct options *o, struct options *scan,
                                 const struct fleet_params *fleet, struct buf *why)
{
    char directory[4096];
    struct console c;
    if (!make_directory(directory, sizeof(directory), why)) {
        return EXIT_CODE_FATAL;
    }
    struct scan_params *p = &scan->params;
    p->output_dir = directory;
    p->fleet = fleet;
    p->input_count = 0; /* lines come from brokers */
    p->quiet = o->params.quiet;
    p->processors = machine_processors();
    options_set_threads(scan, threads_of_member(fleet->terms));
    p->operator_limit /= fleet->terms->members;
    p->operator_limit += p->operator_limit == 0;
    memcpy(p->scan_id, fleet->terms->scan_id, sizeof(p->scan_id));
    console_init(&c);
    enum exit_code code = console_run_scan(&c, scan, why);
    console_deinit(&c);
    file_remove_folder(directory);
    return code;
}

static bool version_is_ours(const struct options *o, const struct fleet_terms *t, struct buf *why)
{
    bool ours = strcmp(t->version, MXCENSUS_VERSION) == 0;
    if (!ours) {
        buf_putf(why,
                 "--scan %s: begun by version %s of mxcensus, this is %s: all members have to "
                 "be of one version",
                 o->fleet_scan, t->version, MXCENSUS_VERSION);
    }
    return ours;
}

static enum exit_code work_with_terms(const struct options *o, const struct fleet_topics *topics,
                                      const struct fleet_terms *terms, struct buf *why)
{
    static struct options scan; /* large, and lives as long as the process */
    static char *words[WORDS_MAX + 1];
    static struct fleet_terms own; /* words are borrowed until the end */
    int count = 0;
    fleet_terms_init(&own);
    (void)fleet_option_put_words(o, &own);
    words[count++] = (char *)(uintptr_t) "mxcensus";
    words[count++] = (char *)(uintptr_t) "scan";
    for (size_t i = 0; i < terms->word_count; i++) {
        words[count++] = terms->words[i];
    }
    for (size_t i = 0; i < own.word_count; i++) {
        words[count++] = own.words[i];
    }
    if (!version_is_ours(o, terms, why) || !are_terms(o, terms, why) ||
        options_read(&scan, count, words, why) != OPTIONS_RUN || !option_files_usable(&scan, why) ||
        !terms_can_be_kept(terms, &scan, why)) {
        return EXIT_CODE_USAGE;
    }
    const struct fleet_params fleet = {
        .kafka = fleet_option_kafka(o), .scan = o->fleet_scan, .topics = topics, .terms = terms};
    return run_member(o, &scan, &fleet, why);
}

enum exit_code work_command(struct options *o, struct buf *why)
{
    static struct fleet_topics topics;
    static struct fleet_terms terms;
    enum exit_code code = EXIT_CODE_USAGE;
    if (!fleet_topics_init(&topics, o->fleet_scan, why) ||
        !wait_for_terms(o, &topics, &terms, &code, why)) {
        return code;
    }
    return work_with_terms(o, &topics, &terms, why);
}
