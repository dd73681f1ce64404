/** What a caIssuers URL answers, a file of --intermediates, and the URL itself. */

#include "scanner/base/check.h"
#include "scanner/base/hash.h"
#include "scanner/cert/cert_list.h"
#include "scanner/fetch/aia_url.h"
#include "scanner/trust/intermediate_pool.h"
#include "scanner/trust/intermediates_file.h"
#include "scanner/trust/issuer_answer.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    hash_secret_init();
    return 0;
}

static void check_list(struct span list, size_t max)
{
    size_t count = 0;
    for (struct span der; cert_list_next(&list, &der); count++) {
        CHECK(intermediate_is_ca(der));
    }
    CHECK(list.len == 0 && count <= max);
}

static void read_answer(struct span body)
{
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    enum issuer_answer answer = issuer_answer_read(body, &list);
    CHECK((answer == ISSUER_ANSWER_NOTHING) == (body.len == 0));
    CHECK(list.len == 0 || answer == ISSUER_ANSWER_DER || answer == ISSUER_ANSWER_PEM ||
          answer == ISSUER_ANSWER_PKCS7);
    check_list(buf_span(&list), ISSUER_ANSWER_CERTS_MAX);
    buf_deinit(&list);
}

static void read_file(struct span octets)
{
    struct intermediates_file file;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    bool good = intermediates_file_parse(&file, "fuzz", octets, &why);
    CHECK(good == (why.len == 0));
    if (good) {
        CHECK(file.count > 0 && file.count == cert_list_count(buf_span(&file.list)));
        check_list(buf_span(&file.list), file.count);
    }
    intermediates_file_deinit(&file);
    buf_deinit(&why);
}

static void read_url(struct span url)
{
    struct aia_url u = {{0}, {0}};
    if (aia_url_read(url, &u) == ISSUER_REFUSAL_NONE) {
        CHECK(u.host.len > 0 && url.len <= AIA_URL_MAX);
        CHECK(u.host.at > url.at && u.host.at + u.host.len <= url.at + url.len);
        CHECK(u.path.len == 0 || u.path.at[0] == '/' || u.path.at[0] == '?');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span octets = {data, size};
    read_answer(octets);
    read_file(octets);
    read_url(octets);
    return 0;
}
