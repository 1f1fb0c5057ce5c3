package dev.jubilee.events.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The Java in a guide, held to sources that are compiled and run. */
final class GuideSamples {
    private static final Path GUIDES = Path.of("../../docs/guides");
    private static final List<Path> EXAMPLES =
            List.of(
                    Path.of("src/test/java/dev/jubilee/events/examples"),
                    Path.of("../redis/src/test/java/dev/jubilee/events/examples"));
    private static final Pattern JAVA = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    private GuideSamples() {}

    /** Every piece of Java in the guide, so many at least, is found in an example. */
    static void assertRun(String guide, int atLeast) throws IOException {
        StringBuilder sources = new StringBuilder();
        for (Path folder : EXAMPLES) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    sources.append(squeezed(Files.readString(file))).append('\n');
                }
            }
        }
        Matcher pieces = JAVA.matcher(Files.readString(GUIDES.resolve(guide)));
        int found = 0;
        while (pieces.find()) {
            found++;
            assertThat(sources.toString()).contains(squeezed(pieces.group(1)));
        }
        assertThat(found).isGreaterThanOrEqualTo(atLeast);
    }

    private static String squeezed(String code) {
        return code.replaceAll("\\s+", "");
    }
}
