#include <jansson.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"
#include "scanner/replay/new_manifest.h"
#include "tests/fuzz/scratch_file.h"

/* What is passed on of a foreign manifest is JSON again, on whatever it was. */
static void write_again(const struct results *r)
{
    struct scan_counts *counts = memory_new(1, sizeof(*counts));
    counts_init(counts, r->ports, r->port_count);
    struct judging_terms terms = {.at = 0};
    struct reanalysis now = {
        .terms = &terms, .counts = counts, .intermediates = {.shipped = "none", .whole = true}};
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    new_manifest_put(r, &now, &json);
    json_error_t error;
    json_t *read = json_loadb((const char *)json.at, json.len, JSON_REJECT_DUPLICATES, &error);
    CHECK(json_is_object(read));
    json_decref(read);
    buf_deinit(&json);
    counts_deinit(counts);
    free(counts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scratch_put_file(MANIFEST_NAME, data, size);
    struct results r;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    if (results_open(&r, scratch_folder(), &why)) {
        CHECK(why.len == 0 && r.port_count > 0 && r.port_count <= COUNT_PORTS_MAX);
        for (int t = 0; t < TABLE_COUNT; t++) {
            struct results_table table;
            CHECK(!results_table(&r, (enum table_id)t, &table, &why) ||
                  (strchr(table.name, '/') == NULL && table.name[0] != '.' &&
                   results_has_table(&r, (enum table_id)t)));
        }
        (void)results_read_stores(&r, &why); /* their files are absent */
        (void)results_read_intermediates(&r, &why);
        (void)results_read_profiles(&r, &why);
        (void)results_read_operators(&r, &why);
        (void)results_read_shared_operators(&r, &why);
        (void)results_may_infer(&r);
        write_again(&r);
    } else {
        CHECK(why.len > 0);
    }
    results_deinit(&r);
    buf_deinit(&why);
    return 0;
}
