package dev.jubilee.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.jubilee.server.json.Json;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InputTest {
    @Test
    void ofManyFaultsAHundredAreNamedAndTheOthersCounted() {
        String fields = fields(1_200);
        Input input = Input.of(Json.tree("{\"known\":1,\"inner\":" + fields + "}"));
        input.optionalInteger("known", 0, 9);
        input.optionalInput("inner");
        for (int i = 0; i < 300; i++) {
            input.reject("known", "is not liked");
        }

        Problem problem = problemOf(input);

        assertThat(problem.errors()).hasSize(100);
        assertThat(problem.detail())
                .isEqualTo("1,500 fields are not valid: those that are named here and 1,400 more.");
    }

    @Test
    void aFieldThatIsNotKnownIsNamedShortlyAndWithThoseThatAre() {
        Input input = Input.of(Json.tree("{\"" + "x".repeat(10_000) + "\":1}"));
        input.has("b");
        input.has("a");

        assertThat(problemOf(input).errors())
                .containsExactly(
                        new Problem.FieldError(
                                "x".repeat(64), "is not known here; known are a, b"));
    }

    @Test
    void aProblemNamesAHundredFaultsAtMost() {
        Problem problem =
                Problem.invalid(
                        IntStream.range(0, 101)
                                .mapToObj(i -> new Problem.FieldError("f" + i, "is wrong"))
                                .toList());

        assertThat(problem.errors()).hasSize(100);
        assertThat(problem.detail()).startsWith("101 fields are not valid").endsWith("1 more.");
    }

    private static String fields(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> "\"f" + i + "\":0")
                .collect(Collectors.joining(",", "{", "}"));
    }

    private static Problem problemOf(Input input) {
        return catchThrowableOfType(ProblemException.class, input::check).problem();
    }
}
