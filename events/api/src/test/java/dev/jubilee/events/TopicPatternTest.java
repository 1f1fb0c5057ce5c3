package dev.jubilee.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TopicPatternTest {
    @ParameterizedTest
    @CsvSource({
        "game.match,game.match,true",
        "game.match,game.match.end,false",
        "game.*,game.match,true",
        "game.*,game.match.end,true",
        "game.*,game,false",
        "game.*.end,game.match.end,true",
        "game.*.end,game.match.late.end,false",
        "game.*.end,gamer.match.end,false",
        "*,game,true",
        "*,game.match.end,true",
        "#,game.match.end,true",
        "#.end,end,true",
        "#.end,game.match.end,true",
        "#.end,game.match.ended,false",
        "game.#,game,true",
        "game.#.end,game.end,true",
        "game.#.end,game.a.end.b.end,true",
        "game.#.*,game,false",
        "#.a.*.b,a.a.a.x.b,true",
    })
    void selectsWhatThePatternLanguageSays(String pattern, String name, boolean selected) {
        assertThat(TopicPattern.of(pattern).matches(name)).isEqualTo(selected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "game.",
                ".game",
                "game..end",
                "Game",
                "game.ma*",
                "game.**",
                "a b"
            })
    void refusesWhatIsNoPatternAndSaysWhatWasGiven(String pattern) {
        assertThatThrownBy(() -> TopicPattern.of(pattern))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("was '" + pattern + "'")
                .hasMessageContaining("'*' (one segment");
    }

    @Test
    void isEqualToThePatternWrittenTheSame() {
        assertThat(TopicPattern.of("game.*")).isEqualTo(TopicPattern.of("game.*"));
        assertThat(TopicPattern.of("game.*")).hasToString("game.*");
    }

    @Property(tries = 5000)
    void agreesWithTheObviousRecursion(
            @ForAll("patterns") List<String> pattern, @ForAll("names") List<String> name) {
        assertThat(TopicPattern.of(String.join(".", pattern)).matches(String.join(".", name)))
                .isEqualTo(obviously(pattern, name));
    }

    /** The language as the design states it, with no thought for speed. */
    private static boolean obviously(List<String> pattern, List<String> name) {
        if (pattern.isEmpty()) {
            return name.isEmpty();
        }
        String head = pattern.getFirst();
        List<String> rest = pattern.subList(1, pattern.size());
        if (head.equals("#")) {
            return obviously(rest, name)
                    || (!name.isEmpty() && obviously(pattern, name.subList(1, name.size())));
        }
        if (name.isEmpty()) {
            return false;
        }
        if (head.equals("*") && rest.isEmpty()) {
            return true;
        }
        return (head.equals("*") || head.equals(name.getFirst()))
                && obviously(rest, name.subList(1, name.size()));
    }

    @Provide
    Arbitrary<List<String>> patterns() {
        return Arbitraries.of("a", "b", "ab", "*", "#").list().ofMinSize(1).ofMaxSize(6);
    }

    @Provide
    Arbitrary<List<String>> names() {
        return Arbitraries.of("a", "b", "ab").list().ofMinSize(1).ofMaxSize(7);
    }
}
