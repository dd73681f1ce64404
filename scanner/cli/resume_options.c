#include "scanner/cli/resume_options.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "output/result_dir.h"
#include "scanner/cli/option_table.h"
#include "scanner/replay/results.h"

#define WORDS_MAX 4096 /* of a command line; our own bound */

/* Rows are the same with other values of these. */
static const char *const free_options[] = {
    "resume",         "threads",        "concurrency",    "quiet",        "status-updates-file",
    "metrics-file",   "log-file",       "fail-on",        "address-rate", "address-limit",
    "network-limit",  "operator-limit", "dns-rate-limit", "spool-max",    "self-test",
    "strict-vantage",
};

static bool is_free(const char *name)
{
    for (size_t i = 0; i < sizeof(free_options) / sizeof(free_options[0]); i++) {
        if (strcmp(name, free_options[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool refuse_others(const struct options *o, struct buf *why)
{
    const char *before =
        "--resume takes all that shapes results from its directory: not allowed with it: ";
    for (size_t i = 0; i < option_table_count; i++) {
        if (o->given[i] && !is_free(option_table[i].name)) {
            buf_putf(why, "%s--%s", before, option_table[i].name);
            before = ", ";
        }
    }
    if (o->word_count > 0) {
        buf_putf(why, "%s%s", before, o->words[0]);
    }
    return why->len == 0;
}

static bool has_files_alone(const struct results *r)
{
    for (size_t i = 0; i < r->input_count; i++) {
        if (r->inputs[i].path == NULL || strcmp(r->inputs[i].path, "-") == 0) {
            return false;
        }
    }
    return r->input_count > 0;
}

static bool can_go_on(struct results *r, struct buf *why)
{
    const char *version = results_text(r, "version", NULL);
    const char *there = results_text(r, "working_directory", NULL);
    char here[PATH_MAX];
    if (version == NULL || strcmp(version, MXCENSUS_VERSION) != 0) {
        buf_putf(why, "%s: begun by version %s of mxcensus: go on with that", r->path,
                 version != NULL ? version : "?");
    } else if (!results_have_ndjson(r, why)) {
        return false;
    } else if (!has_files_alone(r)) {
        buf_putf(why,
                 "%s: a list came from standard input, which cannot be read again; mxcensus "
                 "analyze judges what is there",
                 r->path);
    } else if (there != NULL && (getcwd(here, sizeof(here)) == NULL || strcmp(here, there) != 0)) {
        buf_putf(why, "%s: begun in %s: go on from there, as paths may be relative", r->path,
                 there);
    } else {
        return true;
    }
    return false;
}

/* Borrows from both. @param words room for WORDS_MAX + 1 @param begun those of the first start @return how many;
 * 0: too many */
static int join_words(const struct results *r, int argc, const char *const *argv, char **words,
                      int *begun)
{
    int count = 0;
    const char *word;
    while (count < WORDS_MAX && (word = results_word(r, (size_t)count)) != NULL) {
        words[count++] = (char *)(uintptr_t)word;
    }
    *begun = count;
    for (int i = 2; i < argc && count < WORDS_MAX; i++) {
        words[count++] = (char *)(uintptr_t)argv[i];
    }
    words[count] = NULL;
    return *begun >= 2 && count < WORDS_MAX ? count : 0;
}

/* What the machine might say otherwise now. */
static bool take_terms(struct options *o, struct results *r, struct buf *why)
{
    struct scan_params *p = &o->params;
    if (!results_read_stores(r, why) || !results_read_intermediates(r, why) ||
        !results_read_profiles(r, why) || !results_read_operators(r, why) ||
        !results_read_shared_operators(r, why)) {
        return false;
    }
    const char *ehlo = results_text(r, "vantage", "ehlo_domain");
    if (r->profiles == NULL || r->operators == NULL || ehlo == NULL || r->at == INT64_MIN) {
        buf_putf(why, "%s/" MANIFEST_STARTED_NAME ": does not say all that a scan needs", r->path);
        return false;
    }
    p->ehlo_domain = ehlo;
    p->terms.trust_ad = r->trust_ad;
    p->terms.at = r->at;
    p->terms.stores = r->stores;
    p->terms.store_count = r->store_count;
    p->terms.profiles = &r->profiles->profiles;
    p->profiles_json = (struct span){(const uint8_t *)r->profiles->octets, r->profiles->len};
    p->terms.operators = r->operators;
    p->shared_operators_csv = buf_span(&r->shared_operators);
    p->intermediates = r->intermediates;
    p->intermediates_count = r->intermediates_count;
    return shared_operators_parse(&p->shared_operators, p->shared_operators_csv,
                                  MANIFEST_SHARED_OPERATORS_FILE, why);
}

enum resume_answer resume_options_fill(struct options *o, struct buf *why)
{
    int argc = o->params.argc;
    const char *const *argv = o->params.argv;
    const char *path = o->resume_path;
    if (!refuse_others(o, why)) {
        return RESUME_REFUSED;
    }
    /* As long as the process, as what borrows from them. */
    static struct results resumed;
    static char *words[WORDS_MAX + 1];
    struct results *r = &resumed;
    if (!results_open(r, path, why)) {
        return RESUME_REFUSED;
    }
    if (!r->has_cut && r->incomplete) {
        buf_putf(why, "%s: made from a part of a scan: go on with that scan instead", path);
        return RESUME_REFUSED;
    }
    if (!r->has_cut) {
        result_dir_forget_at(path, MANIFEST_STARTED_NAME); /* killed behind its manifest */
        buf_putf(why, "%s: this scan is complete: nothing is left to do", path);
        return RESUME_COMPLETE;
    }
    if (!can_go_on(r, why)) {
        return RESUME_REFUSED;
    }
    int begun = 0;
    int count = join_words(r, argc, argv, words, &begun);
    if (count == 0) {
        buf_putf(why, "%s/" MANIFEST_STARTED_NAME ": has no command line, or too long a one", path);
        return RESUME_REFUSED;
    }
    const struct config_words config = o->config;
    const char *config_path = o->config_path;
    bool ok = options_read(o, count, words, why) == OPTIONS_RUN;
    o->config = config; /* of this start: where its values came from */
    o->config_path = config_path;
    if (!ok) {
        return RESUME_REFUSED;
    }
    if (!row_shape_is_whole(&o->params.shape)) {
        buf_putf(why,
                 "%s: what --detail summary, --tables or --columns left out is not there to go on "
                 "from: scan again",
                 path);
        return RESUME_REFUSED;
    }
    o->params.argc = begun; /* the manifest is that of the whole scan */
    o->params.output_dir = path;
    o->params.resume = r;
    return take_terms(o, r, why) ? RESUME_GOES_ON : RESUME_REFUSED;
}
