package dev.jubilee.demo;

import dev.jubilee.demo.Books.Score;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the platform says when the game is over.
 *
 * @param known of how many of the published ids it tells the status
 * @param stored how many rows a search finds of the published ids; one stored twice counts twice
 * @param total how many participants it counts
 * @param participants what it counted for each of them
 * @param completed who of them finished
 * @param ranking the top of the frozen ranking
 * @param rankingAgain the same, read a second time
 * @param grants who has which reward
 * @param claimed of these, which are claimed
 */
record Observed(
        long known,
        long stored,
        long total,
        Map<String, Score> participants,
        Set<String> completed,
        List<Place> ranking,
        List<Place> rankingAgain,
        Set<Grant> grants,
        Set<Grant> claimed) {

    /** One line of the ranking. */
    record Place(int rank, String userId, int score) {}

    /** What one player earned. */
    record Grant(String rewardId, String userId) {}
}
