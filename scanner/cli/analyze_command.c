#include <stdio.h>

#include "scanner/base/check.h"
#include "scanner/base/hash.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/machine.h"
#include "scanner/replay/analyze.h"

enum exit_code analyze_exit_code(enum analyze_end end)
{
    switch (end) {
    case ANALYZE_COMPLETE:
        return EXIT_CODE_COMPLETE;
    case ANALYZE_FATAL:
        return EXIT_CODE_FATAL;
    case ANALYZE_UNUSABLE:
        return EXIT_CODE_USAGE;
    case ANALYZE_ROWS_LOST:
        return EXIT_CODE_ROWS_LOST;
    case ANALYZE_READER_GONE:
        return EXIT_CODE_SIGPIPE;
    }
    UNREACHABLE("unknown analyze_end");
}

struct analyze_params analyze_params_of(const struct options *o, struct buf *told)
{
    const struct scan_params *p = &o->params;
    return (struct analyze_params){
        .told = p->quiet ? NULL : told,
        .output = p->output_dir,
        .ndjson = (p->format & RESULT_NDJSON) != 0,
        .csv = (p->format & RESULT_CSV) != 0,
        .csv_cell_max = p->csv_cell_max,
        .shape = &p->shape,
        .codec = p->compression,
        .level = p->compression_level,
        .at = o->at_given ? p->terms.at : INT64_MIN,
        .trust_ad = TRUTH_UNKNOWN,
    };
}

enum exit_code analyze_command(struct options *o, struct buf *why)
{
    const struct scan_params *p = &o->params;
    if (o->root_cas_count > 0 && !machine_read_stores(o, why)) {
        return EXIT_CODE_USAGE;
    }
    if (!machine_read_intermediates(o, why)) {
        return EXIT_CODE_USAGE;
    }
    if (o->profiles_path != NULL && !machine_read_profiles(o, why)) {
        return EXIT_CODE_USAGE;
    }
    struct buf told = BUF_INIT(BUF_NO_LIMIT);
    struct analyze_params params = analyze_params_of(o, &told);
    params.results = o->words[0];
    params.choice = p->choice;
    params.stores = o->root_cas_count > 0 ? o->stores : NULL;
    params.store_count = p->terms.store_count;
    params.trust_ad = p->trust_ad == TRUST_AD_AUTO  ? TRUTH_UNKNOWN
                      : p->trust_ad == TRUST_AD_YES ? TRUTH_YES
                                                    : TRUTH_NO;
    params.profiles = o->profiles;
    params.intermediates = o->intermediates_count > 0 ? o->intermediates : NULL;
    params.intermediates_count = o->intermediates_count;
    enum exit_code code = analyze_exit_code(analyze_run(&params, why));
    if (code == EXIT_CODE_COMPLETE && told.len > 0) {
        (void)fwrite(told.at, 1, told.len, stderr);
    }
    buf_deinit(&told);
    return code;
}
