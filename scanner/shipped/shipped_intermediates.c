#include "scanner/shipped/shipped_intermediates.h"

#include "scanner/shipped/embedded.h"

struct span shipped_intermediates_pem(void)
{
    return (struct span){embedded_intermediates, embedded_intermediates_len};
}

const char *shipped_intermediates_name(void)
{
    return embedded_intermediates_title;
}
