package dev.jubilee.events.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a build that embeds the library copies from the guides is there, at the version that is. */
class ModulesTest {
    private static final Path ROOT = Path.of("../../pom.xml");
    private static final Path BOM = Path.of("../bom/pom.xml");
    private static final Pattern DEPENDENCY =
            Pattern.compile("<dependency>(.*?)</dependency>", Pattern.DOTALL);
    private static final Pattern VERSION = Pattern.compile("<version>(.*?)</version>");
    private static final Pattern ARTIFACT = Pattern.compile("<artifactId>(.*?)</artifactId>");

    private static String first(Pattern pattern, String text) {
        Matcher found = pattern.matcher(text);
        assertThat(found.find()).as(text).isTrue();
        return found.group(1);
    }

    private static List<String> dependencies(String text) {
        List<String> all = new ArrayList<>();
        Matcher found = DEPENDENCY.matcher(text);
        while (found.find()) {
            all.add(found.group(1));
        }
        return all;
    }

    @Test
    void theBomHasEveryModuleAtTheVersionOfAll() throws IOException {
        String bom = Files.readString(BOM);
        List<String> modules = new ArrayList<>();
        for (Path folder : LibraryModules.folders()) {
            String pom = Files.readString(folder.resolve("pom.xml"));
            modules.add(first(ARTIFACT, pom.substring(pom.indexOf("</parent>"))));
        }

        assertThat(dependencies(bom).stream().map(each -> first(ARTIFACT, each)))
                .containsExactlyInAnyOrderElementsOf(modules);
        assertThat(first(VERSION, bom)).isEqualTo(first(VERSION, Files.readString(ROOT)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"event-library.md", "spring-boot.md"})
    void aGuidesDependenciesCanBeCopied(String guide) throws IOException {
        String text = Files.readString(Path.of("../../docs/guides").resolve(guide));
        String version = first(VERSION, Files.readString(ROOT));
        boolean imports = text.contains("<artifactId>jubilee-events-bom</artifactId>");

        assertThat(dependencies(text))
                .isNotEmpty()
                .allSatisfy(dependency -> {
                    assertThat(Files.readString(BOM) + "jubilee-events-bom")
                            .contains(first(ARTIFACT, dependency));
                    if (!imports || dependency.contains("jubilee-events-bom")) {
                        assertThat(first(VERSION, dependency)).isEqualTo(version);
                    }
                });
    }
}
