package dev.jubilee.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class MarkTest {
    private static final Mark ONE = new Mark(7, 123, 45_678, 9_876_543_210L);
    private static final Mark TWO = new Mark(99, 99_999, 999_999_999, -1);

    @Test
    void whatIsWrittenIsRead() {
        assertThat(Mark.of(ONE.text())).contains(ONE);
        assertThat(Mark.of(TWO.text())).contains(TWO);
    }

    @Test
    void whatIsNoMarkIsNone() {
        assertThat(Mark.of("")).isEmpty();
        assertThat(Mark.of("x".repeat(Mark.LENGTH))).isEmpty();
    }

    @Test
    void everyMarkIsFoundWhereverTheTextIsCut() {
        byte[] text =
                "data: {\"mark\":\"%s\",\"mark\":7}\n\ndata: {\"mark\":\"%s\"}"
                        .formatted(ONE.text(), TWO.text())
                        .getBytes(UTF_8);

        for (int cut = 0; cut <= text.length; cut++) {
            List<Mark> found = new ArrayList<>();
            Mark.Finder finder = new Mark.Finder();
            finder.read(Arrays.copyOfRange(text, 0, cut), found::add);
            finder.read(Arrays.copyOfRange(text, cut, text.length), found::add);

            assertThat(found).as("cut at %d", cut).containsExactly(ONE, TWO);
        }
    }

    @Test
    void everyEventOfARequestHasItsKeysNextMark() {
        MarkedLoad.Requests requests = new MarkedLoad("topic", 3, 2).requests(4, "source");

        assertThat(marks(requests.next(2, 11)))
                .containsExactly(new Mark(4, 4, 0, 11), new Mark(4, 5, 0, 11));
        assertThat(marks(requests.next(0, 12)))
                .containsExactly(new Mark(4, 0, 0, 12), new Mark(4, 1, 0, 12));
        assertThat(marks(requests.next(2, 13)))
                .containsExactly(new Mark(4, 4, 1, 13), new Mark(4, 5, 1, 13));
    }

    private static List<Mark> marks(byte[] body) {
        List<Mark> found = new ArrayList<>();
        Mark.find(body, found::add);
        return found;
    }
}
