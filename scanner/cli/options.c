#include "scanner/cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "scanner/base/check.h"
#include "scanner/cli/config_words.h"
#include "scanner/cli/fleet_option.h"
#include "scanner/cli/host_option.h"
#include "scanner/cli/option_hints.h"
#include "scanner/cli/option_readers.h"
#include "scanner/cli/option_table.h"
#include "scanner/cli/shape_option.h"
#include "scanner/cli/shard_option.h"
#include "scanner/cli/stdout_option.h"

#define LONG_BASE 256 /* getopt's value of an option without a letter: above any char */

static int code_of(size_t row)
{
    return option_table[row].letter ? option_table[row].letter : LONG_BASE + (int)row;
}

static const struct option_row *row_of(enum command c, int code)
{
    for (size_t i = 0; i < option_table_count; i++) {
        if (option_is_of(&option_table[i], c) && code_of(i) == code) {
            return &option_table[i];
        }
    }
    return NULL;
}

/** Defaults of all rows, also of options that the command does not know: the scan needs them. */
static void set_presets(struct options *o)
{
    CHECK(option_table_count < OPTIONS_COUNT_MAX);
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        const char *preset = option_preset(row, o->command);
        if (preset != NULL) {
            struct buf why = BUF_INIT(BUF_NO_LIMIT);
            CHECK(row->read(o, row, preset, &why));
            buf_deinit(&why);
        }
        /* The last group holds nothing that a scan could be told. */
        if (option_is_of(row, o->command) && row->group != OPTION_GROUP_OTHER) {
            o->in_force[o->params.option_count++] =
                (struct option_in_force){.name = row->name, .value = preset};
        }
    }
}

static void options_init(struct options *o, enum command c)
{
    memset(o, 0, sizeof(*o));
    o->command = c;
    o->params.output_fd = STDOUT_FILENO;
    o->params.use_ipv4 = true;
    o->params.use_ipv6 = true;
    o->params.name_servers = o->name_servers;
    o->params.local_addrs = o->local_addrs;
    o->params.address_maps = o->address_maps;
    o->params.port_maps = o->port_maps;
    o->params.input_paths = o->input_paths;
    o->params.options = o->in_force;
    o->params.repeated = o->repeated;
    o->params.terms.stores = o->stores;
    o->params.user_agent = "mxcensus/" MXCENSUS_VERSION;
    set_presets(o);
}

static struct option_in_force *find_in_force(struct options *o, const char *name)
{
    for (size_t i = 0; i < o->params.option_count; i++) {
        if (strcmp(o->in_force[i].name, name) == 0) {
            return &o->in_force[i];
        }
    }
    return NULL;
}

static void fill_getopt_tables(enum command c, struct option *longs, struct buf *shorts)
{
    /* ':' first: a missing argument is told apart from an unknown option. */
    buf_put_text(shorts, ":");
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        if (!option_is_of(row, c)) {
            continue;
        }
        *longs++ = (struct option){.name = row->name,
                                   .has_arg = row->argument ? required_argument : no_argument,
                                   .val = code_of(i)};
        if (row->letter != 0) {
            buf_put_char(shorts, row->letter);
            buf_put_text(shorts, row->argument ? ":" : "");
        }
    }
    buf_put_char(shorts, '\0');
}

static void put_try_help(struct buf *why, enum command c)
{
    buf_putf(why, "; see mxcensus %s --help", command_info(c)->word);
}

/** Nothing of what is in force is left out of the manifest. */
static bool note_repeated(struct options *o, const struct option_row *row, const char *text,
                          struct buf *why)
{
    size_t *count = &o->params.repeated_count;
    if (!option_is_repeatable(row)) {
        return true;
    }
    if (*count == REPEATED_MAX) {
        buf_putf(why, "--%s is given too often: %d values at most", row->name, REPEATED_MAX);
        return false;
    }
    o->repeated[(*count)++] = (struct option_in_force){row->name, text};
    return true;
}

static bool read_row(struct options *o, const struct option_row *row, const char *text,
                     struct buf *why)
{
    size_t start = why->len;
    buf_putf(why, "--%s ", row->name);
    bool ok = row->read(o, row, text, why);
    if (ok) {
        why->len = start;
        o->given[row - option_table] = true;
        struct option_in_force *noted = find_in_force(o, row->name);
        CHECK(noted != NULL);
        noted->value = text != NULL ? text : "yes";
        ok = note_repeated(o, row, text, why);
    }
    return ok;
}

/** Options first and last, FILE anywhere: as GNU programs do. */
static enum options_verdict read_arguments(struct options *o, int argc, char **argv,
                                           struct buf *why)
{
    struct option longs[OPTIONS_COUNT_MAX] = {0};
    struct buf shorts = BUF_INIT(BUF_NO_LIMIT);
    enum options_verdict verdict = OPTIONS_RUN;
    fill_getopt_tables(o->command, longs, &shorts);
    opterr = 0;
    optind = 0; /* glibc: begin anew, also after an earlier call */
    while (verdict == OPTIONS_RUN) {
        int at = optind > 0 ? optind : 1;
        int code = getopt_long(argc, argv, (const char *)shorts.at, longs, NULL);
        if (code == -1) {
            break;
        }
        if (code == 'h') {
            verdict = OPTIONS_HELP_COMMAND;
        } else if (code == 'V') {
            verdict = OPTIONS_VERSION;
        } else if (code == ':') {
            buf_putf(why, "option %s needs a value", argv[optind - 1]);
            put_try_help(why, o->command);
            verdict = OPTIONS_BAD;
        } else if (code == '?') {
            /* Inside "-xyz" optind still points at the word itself. */
            const char *word = argv[optind > at ? optind - 1 : at];
            if (optopt > 0 && optopt < LONG_BASE && strncmp(word, "--", 2) != 0) {
                buf_putf(why, "unknown option -%c", optopt);
            } else if (optopt != 0) {
                buf_putf(why, "option %s takes no value", word);
            } else {
                buf_putf(why, "unknown or ambiguous option %s", word);
                size_t before = why->len;
                option_put_owners(why, o->command, word);
                if (why->len == before) {
                    option_put_similar(why, o->command, word);
                }
            }
            put_try_help(why, o->command);
            verdict = OPTIONS_BAD;
        } else {
            const struct option_row *row = row_of(o->command, code);
            CHECK(row != NULL && row->read != NULL);
            if (!read_row(o, row, optarg, why)) {
                verdict = OPTIONS_BAD;
            }
        }
    }
    buf_deinit(&shorts);
    return verdict;
}

/** A FILE is what --input-file FILE is. */
static bool take_file(struct options *o, const char *path, struct buf *why)
{
    const struct option_row *row = option_table;
    while (row->read != option_read_input) {
        row++;
    }
    size_t start = why->len;
    buf_put_text(why, "FILE ");
    if (!row->read(o, row, path, why)) {
        return false;
    }
    why->len = start;
    find_in_force(o, row->name)->value = path;
    return note_repeated(o, row, path, why);
}

static bool read_file_arguments(struct options *o, struct buf *why)
{
    for (size_t i = 0; i < o->word_count; i++) {
        if (!take_file(o, o->words[i], why)) {
            return false;
        }
    }
    if (o->params.input_count == 0 && o->resume_path == NULL && !take_file(o, "-", why)) {
        return false;
    }
    size_t from_standard_input = 0;
    for (size_t i = 0; i < o->params.input_count; i++) {
        from_standard_input += strcmp(o->input_paths[i], "-") == 0;
    }
    if (from_standard_input > 1) {
        buf_put_text(why, "'-' is given twice, but standard input can be read once");
    }
    return from_standard_input < 2;
}

/* After a kill a list is fed again from its beginning. */
static bool are_files(const struct options *o, struct buf *why)
{
    for (size_t i = 0; i < o->params.input_count; i++) {
        if (strcmp(o->input_paths[i], "-") == 0) {
            buf_put_text(why, "feed takes no standard input, which cannot be read again after a "
                              "kill: give a FILE");
            return false;
        }
    }
    return true;
}

/* What `show` is asked for instead of a domain. */
static int count_subjects(const struct options *o)
{
    return (o->show_host != NULL) + (o->show_address != NULL) + (o->show_cause != NULL);
}

/** What stands on the command line beside the options. */
static bool read_words(struct options *o, struct buf *why)
{
    switch (o->command) {
    case COMMAND_SCAN:
        return read_file_arguments(o, why);
    case COMMAND_CHECK:
        if (o->word_count == 0 && o->staged.count == 0) {
            buf_put_text(why, "which domain? Example: mxcensus check example.org");
            return false;
        }
        return host_option_apply(o, why);
    case COMMAND_SHOW:
        if (count_subjects(o) > 0) {
            bool several = count_subjects(o) > 1;
            if (several || o->word_count != 1) {
                buf_put_text(why,
                             !several && o->word_count == 0
                                 ? "which results? Give the directory of a scan"
                                 : "a domain, or --host, --address or --cause: give one of them");
            }
            return !several && o->word_count == 1;
        }
        if (o->word_count < 2) {
            buf_put_text(why, o->word_count == 0
                                  ? "which results? Give the directory of a scan"
                                  : "which domain? Example: mxcensus show results "
                                    "example.org; '-' reads names from standard input");
        }
        return o->word_count > 1;
    case COMMAND_MERGE:
        if (o->word_count == 0) {
            buf_put_text(why, "which results? Give a directory for each shard of the scan");
        } else if (o->params.output_dir == NULL) {
            buf_put_text(why, "where to? Give a new directory with --output DIR");
        }
        return o->word_count > 0 && o->params.output_dir != NULL;
    case COMMAND_FEED:
        if (o->word_count == 0 && o->params.input_count == 0) {
            buf_put_text(why, "which list? Give a FILE of domains");
            return false;
        }
        return read_file_arguments(o, why) && are_files(o, why) && fleet_option_apply(o, why);
    case COMMAND_WORK:
        if (o->word_count > 0) {
            buf_putf(why, "work takes no '%s': lists are fed", o->words[0]);
        }
        return o->word_count == 0 && fleet_option_apply(o, why);
    case COMMAND_COLLECT:
        if (o->word_count > 0) {
            buf_putf(why, "collect takes no '%s': give the scan with --scan", o->words[0]);
        } else if ((o->params.output_dir == NULL) != o->drop) {
            buf_put_text(why, o->drop ? "--drop deletes and collects nothing: leave --output out"
                                      : "where to? Give a new directory with --output DIR");
        }
        return why->len == 0 && fleet_option_apply(o, why);
    case COMMAND_REPORT:
    case COMMAND_ANALYZE:
        if (o->word_count != 1) {
            buf_put_text(why, o->word_count == 0 ? "which results? Give the directory of a scan"
                                                 : "more than one directory of results; give one");
        }
        return o->word_count == 1;
    case COMMAND_DIFF:
        if (o->word_count != 2) {
            buf_put_text(why, "which results? Give two directories, the older one first");
        }
        return o->word_count == 2;
    case COMMAND_EXPLAIN:
        return true; /* words of a line, or files */
    case COMMAND_SCHEMA:
        if (o->word_count > 1) {
            buf_putf(why, "more than one table: '%s' and '%s'; give one, or none for all",
                     o->words[0], o->words[1]);
        }
        return o->word_count < 2;
    case COMMAND_PROBING_TXT:
        if (o->word_count > 0) {
            buf_putf(why, "probing-txt takes no '%s'; its options say all", o->words[0]);
        }
        return o->word_count == 0;
    case COMMAND_COUNT:
        break;
    }
    UNREACHABLE("unknown command");
}

/** What single options cannot see. */
static bool fit_together(struct options *o, struct buf *why)
{
    const struct scan_params *p = &o->params;
    if (!p->use_ipv4 && !p->use_ipv6) {
        buf_put_text(why, "--ipv4-only and --ipv6-only exclude each other; give one of them");
        return false;
    }
    if (!shape_option_apply(o, why)) {
        return false;
    }
    bool to_stdout = o->stdout_table != NULL || o->stdout_fields != NULL;
    if (to_stdout && !stdout_option_apply(o, why)) {
        return false;
    }
    if (!to_stdout && p->format == RESULT_TEXT) {
        buf_put_text(why,
                     o->command == COMMAND_MERGE
                         ? "--format text is for lines on standard output, and merge writes "
                           "a directory: use ndjson, csv or both"
                         : "--format text is for lines on standard output: add --stdout TABLE");
        return false;
    }
    if (!to_stdout && o->command != COMMAND_CHECK && p->output_dir == NULL &&
        o->resume_path == NULL &&
        (p->format != RESULT_NDJSON || p->compression != RESULT_CODEC_NONE)) {
        buf_put_text(why, "--format csv, --format both and --compress need a directory: add "
                          "--output DIR (or, for csv, --stdout TABLE)");
        return false;
    }
    if (o->report.customer != NULL && o->report.customer_column == NULL) {
        buf_put_text(
            why, "--customer needs the column that it is a value of: add --customer-column NAME");
        return false;
    }
    if (p->address_limit > p->network_limit) {
        buf_putf(why, "--address-limit %u is more than --network-limit %u", p->address_limit,
                 p->network_limit);
        return false;
    }
    struct option_in_force *shard = find_in_force(o, "shard");
    return shard == NULL || shard_option_apply(&o->params, shard->value != NULL, why);
}

/* --- the whole ------------------------------------------------------------------------------- */

static enum options_verdict read_whole_line(struct options *o, int argc, char **argv,
                                            struct buf *why)
{
    enum options_verdict verdict = read_arguments(o, argc, argv, why);
    o->words = (const char *const *)argv + optind;
    o->word_count = (size_t)(argc - optind);
    return verdict;
}

/** Tries a word alone. */
static bool is_good_word(const struct options *o, char *word, struct buf *why)
{
    static struct options scratch; /* large */
    char *argv[] = {(char *)(uintptr_t) "mxcensus", word, NULL};
    options_init(&scratch, o->command);
    return read_arguments(&scratch, 2, argv, why) == OPTIONS_RUN;
}

static enum options_verdict read_command(struct options *o, enum command c, int argc, char **argv,
                                         struct buf *why)
{
    options_init(o, c);
    /* getopt sorts the words: what it is given is not what is recorded. */
    enum options_verdict verdict = read_whole_line(o, argc, argv, why);
    if (verdict == OPTIONS_RUN && o->config_path != NULL) {
        const char *path = o->config_path;
        struct config_words config;
        bool ok = config_words_read(&config, o, is_good_word, why);
        if (ok) {
            config_words_join(&config, argc, argv);
            options_init(o, c);
            o->config_path = path;
            find_in_force(o, "config")->value = path;
            /* As given, behind the program; without the NULL at the end. */
            verdict = read_whole_line(o, (int)(config.words.len / sizeof(char *)) - 2,
                                      (char **)(void *)config.words.at + 1, why);
        }
        o->config = config;
        verdict = ok ? verdict : OPTIONS_BAD;
    }
    if (verdict == OPTIONS_RUN && (!read_words(o, why) || !fit_together(o, why))) {
        verdict = OPTIONS_BAD;
    }
    return verdict;
}

static bool find_command(const char *word, enum command *out)
{
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        if (strcmp(word, command_info(c)->word) == 0) {
            *out = c;
            return true;
        }
    }
    return false;
}

static enum options_verdict read_help(struct options *o, int argc, char **argv, struct buf *why)
{
    if (argc < 3 || strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0 ||
        strcmp(argv[2], "help") == 0 || strcmp(argv[2], "version") == 0) {
        return OPTIONS_HELP;
    }
    if (find_command(argv[2], &o->command)) {
        return OPTIONS_HELP_COMMAND;
    }
    option_put_unknown_command(why, argv[2]);
    return OPTIONS_BAD;
}

enum options_verdict options_read(struct options *o, int argc, char **argv, struct buf *why)
{
    enum command command = COMMAND_SCAN;
    if (argc < 2) {
        buf_put_text(why, "which command? Try mxcensus --help");
        return OPTIONS_BAD;
    }
    const char *word = argv[1];
    if (strcmp(word, "help") == 0) {
        return read_help(o, argc, argv, why);
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        return OPTIONS_HELP;
    }
    if (strcmp(word, "version") == 0 || strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        return OPTIONS_VERSION;
    }
    if (!find_command(word, &command)) {
        option_put_unknown_command(why, word);
        return OPTIONS_BAD;
    }
    enum options_verdict verdict = read_command(o, command, argc - 1, argv + 1, why);
    o->params.argc = argc;
    o->params.argv = (const char *const *)argv;
    if (o->config.words.len > 0) {
        o->params.argc = (int)(o->config.words.len / sizeof(char *)) - 1;
        o->params.argv = (const char *const *)(const void *)o->config.words.at;
    }
    return verdict;
}

static void note_number(struct options *o, const char *name, uint32_t n)
{
    struct option_in_force *noted = find_in_force(o, name);
    if (noted != NULL) { /* else this command cannot be told */
        char *text = o->number_in_force[noted - o->in_force];
        (void)snprintf(text, sizeof(o->number_in_force[0]), "%u", n);
        noted->value = text;
    }
}

void options_set_threads(struct options *o, uint32_t threads)
{
    o->params.threads = threads;
    note_number(o, "threads", threads);
}

void options_set_concurrency(struct options *o, uint32_t concurrency)
{
    o->params.concurrency = concurrency;
    note_number(o, "concurrency", concurrency);
}
