#include "scanner/cli/options.h"

#include <getopt.h>
#include <stdio.h>

#include "scanner/base/check.h"
#include "scanner/cli/option_table.h"

#define LONG_BASE 256 /* getopt's value of an option without a letter: above any char */

static int code_of(size_t row)
{
    return option_table[row].letter ? option_table[row].letter : LONG_BASE + (int)row;
}

static const struct option_row *row_of(int code)
{
    for (size_t i = 0; i < option_table_count; i++) {
        if (code_of(i) == code) {
            return &option_table[i];
        }
    }
    return NULL;
}

static void options_init(struct options *o)
{
    memset(o, 0, sizeof(*o));
    o->params.use_ipv4 = true;
    o->params.use_ipv6 = true;
    o->params.name_servers = o->name_servers;
    o->params.local_addrs = o->local_addrs;
    o->params.address_maps = o->address_maps;
    o->params.port_maps = o->port_maps;
    o->params.options = o->in_force;
    CHECK(option_table_count < OPTIONS_COUNT_MAX);
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        if (row->group == OPTION_GROUP_OTHER) {
            break; /* the last group: nothing that a scan could be told */
        }
        o->in_force[i].name = row->name;
        o->params.option_count = i + 1;
        if (row->preset != NULL) {
            struct buf why = BUF_INIT(BUF_NO_LIMIT);
            CHECK(row->read(o, row, row->preset, &why));
            o->in_force[i].value = row->preset;
            buf_deinit(&why);
        }
    }
}

static void fill_getopt_tables(struct option *longs, struct buf *shorts)
{
    /* ':' first: a missing argument is told apart from an unknown option. */
    buf_put_text(shorts, ":");
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        longs[i] = (struct option){.name = row->name,
                                   .has_arg = row->argument ? required_argument : no_argument,
                                   .val = code_of(i)};
        if (row->letter != 0) {
            buf_put_char(shorts, row->letter);
            buf_put_text(shorts, row->argument ? ":" : "");
        }
    }
    buf_put_char(shorts, '\0');
}

static const char try_help[] = "; see mxcensus scan --help";

static bool read_row(struct options *o, const struct option_row *row, const char *text,
                     struct buf *why)
{
    size_t start = why->len;
    buf_putf(why, "--%s ", row->name);
    bool ok = row->read(o, row, text, why);
    if (ok) {
        why->len = start;
        o->in_force[row - option_table].value = text != NULL ? text : "yes";
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
    fill_getopt_tables(longs, &shorts);
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
            buf_putf(why, "option %s needs a value%s", argv[optind - 1], try_help);
            verdict = OPTIONS_BAD;
        } else if (code == '?') {
            /* Inside "-xyz" optind still points at the word itself. */
            const char *word = argv[optind > at ? optind - 1 : at];
            if (optopt > 0 && optopt < LONG_BASE && strncmp(word, "--", 2) != 0) {
                buf_putf(why, "unknown option -%c%s", optopt, try_help);
            } else if (optopt != 0) {
                buf_putf(why, "option %s takes no value%s", word, try_help);
            } else {
                buf_putf(why, "unknown or ambiguous option %s%s", word, try_help);
            }
            verdict = OPTIONS_BAD;
        } else {
            const struct option_row *row = row_of(code);
            CHECK(row != NULL && row->read != NULL);
            if (!read_row(o, row, optarg, why)) {
                verdict = OPTIONS_BAD;
            }
        }
    }
    buf_deinit(&shorts);
    return verdict;
}

static bool read_file_argument(struct options *o, int argc, char **argv, struct buf *why)
{
    if (optind == argc) {
        return true;
    }
    if (argc - optind > 1) {
        buf_putf(why, "more than one input: '%s' and '%s'; one list at a time", argv[optind],
                 argv[optind + 1]);
        return false;
    }
    if (strcmp(o->params.input_path, "-") != 0) {
        buf_putf(why, "two inputs: --input-file '%s' and '%s'; one list at a time",
                 o->params.input_path, argv[optind]);
        return false;
    }
    o->params.input_path = argv[optind];
    return true;
}

/** What single options cannot see. */
static bool fit_together(const struct options *o, struct buf *why)
{
    const struct scan_params *p = &o->params;
    if (!p->use_ipv4 && !p->use_ipv6) {
        buf_put_text(why, "--ipv4-only and --ipv6-only leave nothing to dial; give one of them");
        return false;
    }
    if (p->output_dir == NULL && (p->format != RESULT_NDJSON || p->compression != COMPRESS_NONE)) {
        buf_put_text(
            why, "--format csv, --format both and --compress need a directory; add --output DIR");
        return false;
    }
    if (p->address_limit > p->network_limit) {
        buf_putf(why, "--address-limit %u is more than --network-limit %u allows", p->address_limit,
                 p->network_limit);
        return false;
    }
    return true;
}

static enum options_verdict read_scan(struct options *o, int argc, char **argv, struct buf *why)
{
    enum options_verdict verdict = read_arguments(o, argc, argv, why);
    if (verdict == OPTIONS_RUN &&
        (!read_file_argument(o, argc, argv, why) || !fit_together(o, why))) {
        verdict = OPTIONS_BAD;
    }
    return verdict;
}

enum options_verdict options_read(struct options *o, int argc, char **argv, struct buf *why)
{
    options_init(o);
    o->params.argc = argc;
    o->params.argv = (const char *const *)argv;
    if (argc < 2) {
        buf_put_text(why, "which command? Try mxcensus --help");
        return OPTIONS_BAD;
    }
    const char *command = argv[1];
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 ||
        strcmp(command, "help") == 0) {
        return OPTIONS_HELP;
    }
    if (strcmp(command, "--version") == 0 || strcmp(command, "-V") == 0) {
        return OPTIONS_VERSION;
    }
    if (strcmp(command, "scan") == 0) {
        return read_scan(o, argc - 1, argv + 1, why);
    }
    buf_putf(why, "unknown command '%s'; try mxcensus --help", command);
    return OPTIONS_BAD;
}

static void note_number(struct options *o, const char *name, uint32_t n)
{
    for (size_t i = 0; i < o->params.option_count; i++) {
        if (strcmp(o->in_force[i].name, name) == 0) {
            (void)snprintf(o->number_in_force[i], sizeof(o->number_in_force[i]), "%u", n);
            o->in_force[i].value = o->number_in_force[i];
            return;
        }
    }
    UNREACHABLE(name);
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
