#include "scanner/base/clock.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/machine.h"
#include "scanner/vantage/probing_txt.h"
#include "scanner/vantage/vantage_look.h"

/* The addresses of --local-addr; of a family without one, that of its route. */
static size_t list_sources_of(const struct scan_params *p,
                              struct net_addr source[LOCAL_ADDRS_MAX + 2])
{
    size_t count = 0;
    bool given[2] = {false, false};
    for (size_t i = 0; i < p->local_addr_count; i++) {
        source[count++] = p->local_addrs[i];
        given[p->local_addrs[i].family == 6] = true;
    }
    for (unsigned i = 0; i < 2; i++) {
        struct vantage_route route = vantage_look_for_route(i == 0 ? 4 : 6);
        if (!given[i] && route.error == 0 && route.source.family != 0) {
            source[count++] = route.source;
        }
    }
    return count;
}

enum exit_code probing_txt_command(struct options *o, struct buf *why)
{
    struct net_addr source[LOCAL_ADDRS_MAX + 2];
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    if (o->contact == NULL) {
        buf_put_text(
            why,
            "who is to be written to? Give --contact, a URL or mailto: (RFC 9116 section 2.5.3)");
        return EXIT_CODE_USAGE;
    }
    if (!machine_fill_ehlo_domain(o, why)) {
        return EXIT_CODE_USAGE;
    }
    const struct probing_text facts = {
        .program = "mxcensus/" MXCENSUS_VERSION,
        .ehlo_domain = o->params.ehlo_domain,
        .contact = o->contact,
        .source = source,
        .source_count = list_sources_of(&o->params, source),
        .now_s = clock_unix_ms() / 1000,
    };
    probing_put_text(&text, &facts);
    enum exit_code code = print_text(&text, why);
    buf_deinit(&text);
    return code;
}
