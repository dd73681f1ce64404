/* A line of a mail log against the catalogue: whatever it holds, what is found lies in it. */

#include "scanner/base/check.h"
#include "scanner/explain/log_catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_part(struct span part, struct span whole)
{
    return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct log_catalogue *catalogue;
    struct span line = {data, size};
    struct log_reading r;
    if (catalogue == NULL) {
        catalogue = log_catalogue_shipped(); /* reachable until the end: no leak */
    }
    log_line_read(catalogue, line, &r);
    CHECK(is_part(r.places.host, line) && is_part(r.places.address, line));
    CHECK(is_part(r.places.domain, line) && is_part(r.places.port, line));
    CHECK(r.places.host.len <= LOG_NAME_MAX && r.places.domain.len <= LOG_NAME_MAX);
    CHECK(r.entry == NULL || !r.about_tls);
    return 0;
}
