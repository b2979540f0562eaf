# PSD_SANITIZE applies to every target, generated code included.
if(PSD_SANITIZE)
  add_compile_options(-fsanitize=${PSD_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PSD_SANITIZE})
  if(PSD_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
# libFuzzer steers by what all of the code under test runs through.
if(PSD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
