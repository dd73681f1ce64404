#include "scanner/view/report.h"

/* The lists of certificates, each once: who presents it, what it is, as PEM where that was asked for. */

static void put_presenters(struct paper *p, const struct domain_view *v, size_t chain)
{
    const char *before = ", presented at ";
    for (size_t i = 0; i < v->route_count; i++) {
        const struct route_view *r = &v->route[i];
        struct buf where = BUF_INIT(BUF_NO_LIMIT);
        bool with_sni = r->chain == (int)chain;
        if (with_sni || r->default_chain == (int)chain || r->other_chain == (int)chain ||
            r->dane_chain == (int)chain) {
            buf_put_text(&where, before);
            route_put_address(&where, &r->brief);
            buf_put_text(&where, with_sni                         ? ""
                                 : r->default_chain == (int)chain ? " (without SNI)"
                                 : r->other_chain == (int)chain   ? " (other type of key)"
                                                                  : " (SNI of DANE)");
            before = ", ";
        }
        buf_put_char(&where, '\0');
        paper_put(p, INK_FAINT, (const char *)where.at);
        buf_deinit(&where);
    }
    if (v->policy_chain == (int)chain) {
        paper_putf(p, INK_FAINT, "%s%s", before, v->policy->key);
    }
}

#define PEM_COLUMNS 64 /* RFC 7468 section 2 */

/* As it is copied into a file, without a margin. The row has it in base64, which is checked nowhere else. */
static void put_pem_of(struct paper *p, const char *base64)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    size_t len = base64 != NULL ? strspn(base64, alphabet) : 0;
    if (len == 0 || base64[len] != '\0') {
        return;
    }
    buf_put_text(p->out, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < len; at += PEM_COLUMNS) {
        size_t rest = len - at < PEM_COLUMNS ? len - at : PEM_COLUMNS;
        buf_put(p->out, (struct span){(const uint8_t *)base64 + at, rest});
        buf_put_char(p->out, '\n');
    }
    buf_put_text(p->out, "-----END CERTIFICATE-----\n");
}

static void put_pem(struct paper *p, const struct domain_view *v, const struct chain_view *c)
{
    size_t count = facts_list_len(&c->facts, CHAINS_CERTIFICATES);
    for (size_t i = 0; i < count; i++) {
        const char *fingerprint = facts_list_string(&c->facts, CHAINS_CERTIFICATES, i);
        struct facts row = result_rows_facts(v->rows, TABLE_CERTIFICATES, fingerprint);
        put_pem_of(p, facts_string(&row, CERTIFICATES_RAW));
    }
}

void certificates_put(struct paper *p, const struct domain_view *v, bool verbose)
{
    if (v->chain_count > 0) {
        paper_blank(p);
        paper_say(p, INK_STRONG, "Certificates");
    }
    for (size_t i = 0; i < v->chain_count; i++) {
        paper_begin(p, "  ", "    ");
        paper_putf(p, INK_STRONG, "chain %zu", i + 1);
        put_presenters(p, v, i);
        paper_end(p);
        chain_drawing_put(p, v, i, verbose || v->setting.tlsa || v->setting.certificate != NULL);
        if (v->setting.pem) {
            put_pem(p, v, &v->chain[i]);
        }
    }
}
