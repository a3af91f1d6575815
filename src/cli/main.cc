// potlut: everything but training.
#include "cli/app.h"

int main(int argc, char** argv) { return potlut::cli::Main(argc, argv); }
