#include "scanner/pipeline/input_digest.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/base/memory.h"
#include "scanner/cert/digest.h"

#define READ_STEP ((size_t)1 << 20) /* octets */

/* @return the octets read; negative: errno */
static ssize_t read_from(int fd, uint64_t offset, uint8_t *to)
{
    ssize_t got;
    do {
        got = pread(fd, to, READ_STEP, (off_t)offset);
    } while (got < 0 && errno == EINTR);
    return got;
}

bool input_digest(int fd, struct manifest_input *input)
{
    struct stat about;
    input->is_file = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    input->octets = 0;
    if (!input->is_file) {
        return true;
    }
    uint8_t *octets = memory_new(1, READ_STEP);
    void *digest = digest_begin();
    ssize_t got;
    while ((got = read_from(fd, input->octets, octets)) > 0) {
        digest_add(digest, (struct span){octets, (size_t)got});
        input->octets += (uint64_t)got;
    }
    int error = errno;
    digest_end(digest, input->sha256);
    free(octets);
    errno = error;
    return got == 0;
}
