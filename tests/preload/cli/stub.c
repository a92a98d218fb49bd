/* Preloaded by cli_test where libweft_preload.so would be. */
extern const int weft_cli_stub;
const int weft_cli_stub = 1;
