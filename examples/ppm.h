/* Reads a picture: binary PPM ("P6"), 8 bits a channel. For C and C++. */
#ifndef POTLUT_EXAMPLES_PPM_H_
#define POTLUT_EXAMPLES_PPM_H_

#include <stdio.h>
#include <stdlib.h>

/* The RGB bytes of a picture of exactly this size, to be given to free(); NULL where it is not one.
 */
static unsigned char* ReadPpm(const char* path, int want_width, int want_height) {
  int width = 0, height = 0, most = 0;
  const size_t size = (size_t)want_width * (size_t)want_height * 3;
  FILE* file = fopen(path, "rb");
  unsigned char* image = file == NULL ? NULL : (unsigned char*)malloc(size);
  const int good = image != NULL && fscanf(file, "P6 %d %d %d", &width, &height, &most) == 3 &&
                   fgetc(file) != EOF && width == want_width && height == want_height &&
                   most == 255 && fread(image, 1, size, file) == size;
  if (file != NULL) fclose(file);
  if (good) return image;
  free(image);
  return NULL;
}

#endif /* POTLUT_EXAMPLES_PPM_H_ */
