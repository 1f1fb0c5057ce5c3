package dev.jubilee.server.liveops.participation;

/** What came of anything that the lane was asked. */
sealed interface ParticipationResult permits JoinResult, LeaveResult {}
